package dev.cairn.support;

import java.lang.reflect.Field;

/** Looks into what does not show itself. */
public final class Fields {
  private Fields() {}

  /** Returns the value of a field that its own class declares. */
  public static Object get(Object owner, String name) {
    try {
      Field field = owner.getClass().getDeclaredField(name);
      field.setAccessible(true);
      return field.get(owner);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(name, e);
    }
  }

  /** Sets a field that its own class declares. */
  public static void set(Object owner, String name, Object value) {
    try {
      Field field = owner.getClass().getDeclaredField(name);
      field.setAccessible(true);
      field.set(owner, value);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(name, e);
    }
  }
}
