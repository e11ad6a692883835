package dev.cairn.save;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.options.SaveOptions;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OptionsTextTest {
  @Test
  void textHasEveryOption() throws ReflectiveOperationException {
    SaveOptions options = SaveOptions.builder().maxShardBytes(77).overwrite(true).build();
    List<String> expected = new ArrayList<>();
    for (RecordComponent option : SaveOptions.class.getRecordComponents()) {
      expected.add(option.getName() + "=" + option.getAccessor().invoke(options));
    }
    assertEquals(String.join(", ", expected), OptionsText.of(options));
  }
}
