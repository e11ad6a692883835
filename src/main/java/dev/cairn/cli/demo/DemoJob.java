package dev.cairn.cli.demo;

import dev.cairn.cli.options.AdapterJob;
import dev.cairn.cli.options.ModelChoice;
import dev.cairn.device.Device;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What every process of a demo is told.
 *
 * @param from the model folder to split, or null for a made-up model
 * @param parameters about how many parameters the made-up model has
 * @param held the dtype that the made-up model is held in
 * @param modelFiles the folder with config.json, generation config and tokenizer
 * @param output the folder to save
 * @param mode who writes
 * @param dtype the saved dtype, or null to keep the held one
 * @param maxShardBytes where a file ends and the next begins
 * @param durability what the save outlives
 * @param isOverwriting whether an existing output is replaced
 * @param device what memory the ranks hold the model in
 * @param choice what of the model is saved, and with which generation config
 * @param adapter the adapter that is saved instead of the model
 */
record DemoJob(
    Path from,
    long parameters,
    DType held,
    Path modelFiles,
    Path output,
    SaveMode mode,
    DType dtype,
    long maxShardBytes,
    Durability durability,
    boolean isOverwriting,
    Device.Kind device,
    ModelChoice choice,
    Optional<AdapterJob> adapter) {

  /** Returns the folder that the save makes. */
  Path target() {
    return adapter.map(job -> job.target(output)).orElse(output);
  }

  /** Opens what the job saves of the model. */
  DemoModel openSaved() throws IOException {
    DemoModel whole = openModel();
    try {
      return new SavedModel(whole, choice, adapter);
    } catch (IOException | IllegalArgumentException e) {
      whole.close();
      throw e;
    }
  }

  /** Opens the model that the ranks hold. */
  DemoModel openModel() throws IOException {
    return from == null ? new MadeUpModel(shape(), held) : new FolderModel(from);
  }

  /** Returns the made-up model's dimensions. */
  LlamaShape shape() {
    return LlamaShape.closestTo(parameters);
  }

  /** Returns the job as one argument of a command line. */
  String toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("from", from == null ? null : from.toString());
    json.put("parameters", parameters);
    json.put("held", held.name());
    json.put("modelFiles", modelFiles.toString());
    json.put("output", output.toString());
    json.put("mode", mode.name());
    json.put("dtype", dtype == null ? null : dtype.name());
    json.put("maxShardBytes", maxShardBytes);
    json.put("durability", durability.name());
    json.put("isOverwriting", isOverwriting);
    json.put("device", device.name());
    json.put("choice", choice.toJson());
    json.put("adapter", adapter.map(AdapterJob::toJson).orElse(null));
    return new String(Json.compact(json), StandardCharsets.UTF_8);
  }

  /** Returns the job that {@link #toJson} wrote. */
  static DemoJob parse(String argument) throws IOException {
    Map<String, Object> json = Json.parseObject(argument.getBytes(StandardCharsets.UTF_8));
    return new DemoJob(
        json.get("from") == null ? null : Path.of((String) json.get("from")),
        ((JsonNumber) json.get("parameters")).longValue(),
        DType.valueOf((String) json.get("held")),
        Path.of((String) json.get("modelFiles")),
        Path.of((String) json.get("output")),
        SaveMode.valueOf((String) json.get("mode")),
        json.get("dtype") == null ? null : DType.valueOf((String) json.get("dtype")),
        ((JsonNumber) json.get("maxShardBytes")).longValue(),
        Durability.valueOf((String) json.get("durability")),
        (Boolean) json.get("isOverwriting"),
        Device.Kind.valueOf((String) json.get("device")),
        ModelChoice.parse((Map<?, ?>) json.get("choice")),
        Optional.ofNullable((Map<?, ?>) json.get("adapter")).map(AdapterJob::parse));
  }
}
