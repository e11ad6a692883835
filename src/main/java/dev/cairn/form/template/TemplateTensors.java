package dev.cairn.form.template;

import dev.cairn.json.JsonFields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** The tensors that the entries of a template stand for, with the values of a config. */
final class TemplateTensors {
  private static final long MOST_TENSORS = 1_000_000;

  private final List<Map<String, Object>> entries;
  private final TemplateValues values;

  TemplateTensors(List<Map<String, Object>> entries, TemplateValues values) {
    this.entries = entries;
    this.values = values;
  }

  /** Returns a text that is that of all variants, or what a list has for one of them. */
  static String ofVariant(Object text, int variant) {
    return (String) (text instanceof List<?> each ? each.get(variant) : text);
  }

  /** Returns the tensors of a variant, by name. */
  Map<String, ExpectedTensor> of(int variant) {
    Map<String, ExpectedTensor> tensors = new LinkedHashMap<>();
    for (Map<String, Object> entry : entries) {
      if (!values.holds(JsonFields.text(entry, "if"))) {
        continue;
      }
      List<String> names = names(entry, variant);
      if (!names.isEmpty()) {
        ExpectedTensor tensor = new ExpectedTensor(dimensions(entry));
        for (String name : names) {
          if (tensors.put(name, tensor) != null) {
            throw new TemplateValues.UnknownException(name);
          }
        }
      }
    }
    return tensors;
  }

  /** Returns the names of an entry, as often as its loops run. */
  private List<String> names(Map<String, Object> entry, int variant) {
    String before = entry.containsKey("at") ? ofVariant(entry.get("at"), variant) : "";
    List<String> names = new ArrayList<>();
    for (String name : JsonFields.strings(entry, "names")) {
      names.add(before + name);
    }
    if (entry.get("loops") instanceof Map<?, ?> loops) {
      for (Map.Entry<?, ?> loop : loops.entrySet()) {
        names = counted(names, (String) loop.getKey(), numbers(loop.getValue()));
      }
    }
    return names;
  }

  private List<Long> dimensions(Map<String, Object> entry) {
    List<Long> dimensions = new ArrayList<>();
    for (Object size : (List<?>) entry.get("shape")) {
      long dimension = size.equals("?") ? ExpectedTensor.ANY : values.number(size);
      if (dimension == 0) {
        throw new TemplateValues.UnknownException("a tensor of no elements");
      }
      dimensions.add(dimension);
    }
    return dimensions;
  }

  /** Returns names with all numbers in the place of a variable. */
  private static List<String> counted(List<String> names, String variable, List<Long> numbers) {
    if (names.size() * (long) numbers.size() > MOST_TENSORS) {
      throw new TemplateValues.UnknownException("too many tensors");
    }
    List<String> all = new ArrayList<>();
    for (String name : names) {
      for (long number : numbers) {
        all.add(name.replace("{" + variable + "}", Long.toString(number)));
      }
    }
    return all;
  }

  /** Returns what a loop's variable runs through. */
  private List<Long> numbers(Object loop) {
    if (loop instanceof String text && text.contains("=")) {
      String[] sides = text.split("=", 2);
      boolean isOther = sides[0].endsWith("!");
      String leaf = isOther ? sides[0].substring(0, sides[0].length() - 1) : sides[0];
      return places(leaf, sides[1], isOther);
    }
    long begin = loop instanceof List<?> range ? values.number(range.get(0)) : 0;
    long end = values.number(loop instanceof List<?> range ? range.get(1) : loop);
    if (end > MOST_TENSORS) {
      throw new TemplateValues.UnknownException("too many tensors");
    }
    return LongStream.range(begin, end).boxed().toList();
  }

  /** Returns where a list of words has a word, or another. */
  private List<Long> places(String leaf, String word, boolean isOther) {
    if (!(values.of(leaf) instanceof List<?> words)) {
      throw new TemplateValues.UnknownException(leaf);
    }
    List<Long> places = new ArrayList<>();
    for (int index = 0; index < words.size(); index++) {
      if (word.equals(words.get(index)) != isOther) {
        places.add((long) index);
      }
    }
    return places;
  }
}
