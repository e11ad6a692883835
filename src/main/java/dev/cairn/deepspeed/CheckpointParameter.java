package dev.cairn.deepspeed;

import dev.cairn.content.Content;
import dev.cairn.content.ContentReader;
import dev.cairn.io.SourceRange;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.SourceReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A parameter or buffer of a DeepSpeed checkpoint: its description, and the file ranges that hold
 * its row-major elements.
 *
 * <p>Immutable and pure; any thread.
 */
public final class CheckpointParameter {
  private final String name;
  private final Shape shape;
  private final ParameterKind kind;
  private final DType heldDType;
  private final String tiedTo;
  private final Content content;
  private final Content heldContent;

  CheckpointParameter(
      String name,
      Shape shape,
      ParameterKind kind,
      DType heldDType,
      String tiedTo,
      Content content,
      Content heldContent) {
    this.name = name;
    this.shape = shape;
    this.kind = kind;
    this.heldDType = heldDType;
    this.tiedTo = tiedTo;
    this.content = content;
    this.heldContent = heldContent;
  }

  /** {@return the name as the checkpoint has it, wrapper prefixes included} */
  public String name() {
    return name;
  }

  /** {@return the shape of the whole parameter, all ranks together} */
  public Shape shape() {
    return shape;
  }

  /** {@return whether it is trained, frozen, or a buffer; an alias is what its target is} */
  public ParameterKind kind() {
    return kind;
  }

  /** {@return the dtype of the stored bytes: F32 for masters, 16 bits for frozen parameters} */
  public DType storedDType() {
    return content.dtype();
  }

  /** {@return the dtype that the live engine's module held, which {@code --dtype keep} saves} */
  public DType heldDType() {
    return heldDType;
  }

  /** {@return the name of the parameter whose storage this one shares; empty if it has its own} */
  public Optional<String> tiedTo() {
    return Optional.ofNullable(tiedTo);
  }

  /**
   * Visits the file ranges of elements [beginElement, endElement), in order, none empty.
   *
   * @param beginElement first element, counted row-major, 0 or more
   * @param endElement the element after the last one, at least {@code beginElement}
   * @param visitor called on this thread, once for each range
   * @throws IllegalArgumentException if that is not a range of this parameter
   * @throws IOException whatever the visitor throws
   */
  public void visitRanges(long beginElement, long endElement, SourceRange.Visitor visitor)
      throws IOException {
    if (beginElement < 0 || beginElement > endElement || endElement > shape.elements()) {
      throw new IllegalArgumentException(
          "range outside the parameter: beginElement="
              + beginElement
              + ", endElement="
              + endElement
              + ", expected within "
              + shape.elements()
              + ", parameter="
              + name);
    }
    content.visit(beginElement, endElement, visitor);
  }

  /**
   * {@return every file range of the parameter, in element order; one per row where the tensor is
   * strided}
   *
   * @throws IOException never: no file is read
   */
  public List<SourceRange> ranges() throws IOException {
    List<SourceRange> ranges = new ArrayList<>();
    visitRanges(0, shape.elements(), ranges::add);
    return ranges;
  }

  /** Returns what reads the parameter as it is stored. */
  ContentReader reader(SourceReader files) {
    return new ContentReader(name, content, files);
  }

  /** Returns where the elements lie. */
  Content content() {
    return content;
  }

  /** Returns where the weights lie that the live engine held; null where they are not stored. */
  Content heldContent() {
    return heldContent;
  }

  /** Returns the parameter as the live engine held it; null where only its masters are stored. */
  CheckpointParameter held() {
    return heldContent == null || heldContent.dtype() != heldDType
        ? null
        : new CheckpointParameter(name, shape, kind, heldDType, tiedTo, heldContent, null);
  }

  /** Returns the same content under another name. */
  CheckpointParameter alias(String alias, DType aliasHeldDType) {
    return new CheckpointParameter(
        alias, shape, kind, aliasHeldDType, tiedTo == null ? name : tiedTo, content, heldContent);
  }

  /** Returns the same content under a name that is not another's alias. */
  CheckpointParameter named(String other) {
    return new CheckpointParameter(other, shape, kind, heldDType, tiedTo, content, heldContent);
  }

  @Override
  public String toString() {
    return name + " " + shape + " " + kind;
  }
}
