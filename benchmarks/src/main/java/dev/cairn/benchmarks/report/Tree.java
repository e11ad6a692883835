package dev.cairn.benchmarks.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A JSON object, read by field. */
public record Tree(Map<String, Object> values) {
  /** Views a parsed value. */
  public static Tree of(Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw new IllegalArgumentException("not an object: value=" + value);
    }
    Map<String, Object> values = new LinkedHashMap<>();
    map.forEach((name, field) -> values.put(name.toString(), field));
    return new Tree(values);
  }

  public Tree tree(String name) {
    return of(values.get(name));
  }

  List<Tree> trees(String name) {
    return list(name).stream().map(Tree::of).toList();
  }

  List<Double> numbers(String name) {
    return list(name).stream().map(value -> Double.parseDouble(value.toString())).toList();
  }

  List<String> texts(String name) {
    return list(name).stream().map(Object::toString).toList();
  }

  private List<?> list(String name) {
    if (!(values.get(name) instanceof List<?> list)) {
      throw new IllegalArgumentException("no list: name=" + name);
    }
    return list;
  }

  double number(String name) {
    return Double.parseDouble(text(name));
  }

  long wholeNumber(String name) {
    return Long.parseLong(text(name));
  }

  String text(String name) {
    if (!values.containsKey(name)) {
      throw new IllegalArgumentException("no such field: name=" + name);
    }
    return values.get(name).toString();
  }
}
