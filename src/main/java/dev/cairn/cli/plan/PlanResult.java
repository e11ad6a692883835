package dev.cairn.cli.plan;

import dev.cairn.cli.options.DTypeOption;
import dev.cairn.cli.options.ModelSize;
import dev.cairn.policy.AdapterSize;
import dev.cairn.policy.IntervalAdvice;
import dev.cairn.policy.SaveCost;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What {@code cairn plan} found out.
 *
 * @param model the model, if one was given
 * @param dtype what it would be saved in
 * @param adapter the adapter on it, if one is planned
 * @param checkpointBytes the size of one checkpoint, if it is known
 * @param save what a save takes, if it is known
 * @param saveOrigin where the time until the commit comes from; empty if it is unknown
 * @param mtbfSeconds mean time between failures of the job, if it is known
 * @param optimumSeconds the training time between two saves that costs least, if it can be told
 * @param advice the interval in steps, if it can be told
 * @param missing the options without which the interval cannot be told
 */
record PlanResult(
    Optional<ModelSize> model,
    DTypeOption dtype,
    Optional<AdapterSize> adapter,
    OptionalLong checkpointBytes,
    Optional<SaveCost> save,
    String saveOrigin,
    OptionalDouble mtbfSeconds,
    OptionalDouble optimumSeconds,
    Optional<IntervalAdvice> advice,
    List<String> missing) {}
