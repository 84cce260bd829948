package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.cli.LogTail.Log;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LogTailTest {

    private final StringBuilder content = new StringBuilder();
    private String whileRead = "";

    private Log log() {
        return new Log("base", 1, 0, content.toString().getBytes(StandardCharsets.UTF_8).length);
    }

    private LogTail tail(int lines) {
        return new LogTail(
                log(),
                lines,
                (log, last) -> {
                    content.append(whileRead);
                    whileRead = "";
                    String[] all = content.toString().split("(?<=\n)", -1);
                    int whole = all[all.length - 1].isEmpty() ? all.length - 1 : all.length;
                    StringBuilder text = new StringBuilder();
                    for (int i = (int) Math.max(0, whole - last); i < whole; i++) {
                        text.append(all[i]);
                    }
                    return text.toString();
                });
    }

    @Test
    void equalLinesAreGivenAsOftenAsTheyWereWritten() {
        LogTail tail = tail(3);
        content.append("same\n".repeat(50));

        assertThat(tail.more(() -> Optional.of(log()))).hasSize(3);
        content.append("same\n".repeat(70));
        assertThat(tail.more(() -> Optional.of(log()))).hasSize(70).containsOnly("same");
        assertThat(tail.more(() -> Optional.of(log()))).isEmpty();
        content.append("same\n");
        assertThat(tail.more(() -> Optional.of(log()))).containsExactly("same");
    }

    @Test
    void whatIsWrittenDuringTheReadingIsGivenOnce() {
        LogTail tail = tail(10);
        content.append("a\n");
        tail.more(() -> Optional.of(log()));
        content.append("b\n");
        whileRead = "b\n";

        assertThat(tail.more(() -> Optional.of(log()))).containsExactly("b", "b");
    }

    @Test
    void aLineIsGivenWhenItHasItsEndOrTheLogHas() {
        LogTail tail = tail(10);
        content.append("one\ntw");
        assertThat(tail.more(() -> Optional.of(log()))).containsExactly("one");
        content.append("o\nthr\u00e9\u00e9");
        assertThat(tail.more(() -> Optional.of(log()))).containsExactly("two");
        assertThat(tail.rest()).containsExactly("thr\u00e9\u00e9");
        assertThat(tail.rest()).isEmpty();
    }
}
