package dev.tanren.activities.worker;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a worker's log shows of a failure: a user's mistake is no stack trace.
class WorkerLogTest {

    /// The SDK logs every failure with its stack by the loggers of these classes.
    @ParameterizedTest
    @CsvSource({
        "io.temporal.internal.activity.ActivityTaskExecutors$BaseActivityTaskExecutor, 0",
        "io.temporal.internal.sync.WorkflowExecutionHandler, 1"
    })
    void theSdksWordsOnAFailureTakeALineAtMost(String logger, int lines) throws Exception {
        assertThat(Class.forName(logger).getName()).isEqualTo(logger);

        String said = log(logger);

        assertThat(said.lines()).hasSize(lines);
        assertThat(said).doesNotContain("\tat ");
    }

    @Test
    void whatIsNotExpectedKeepsItsStack() throws Exception {
        assertThat(log(CodedFailures.class.getName())).contains("\tat ");
    }

    private static String log(String logger) throws Exception {
        PrintStream console = System.out;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        LoggerContext context = new LoggerContext();
        context.setMDCAdapter(new LogbackMDCAdapter());
        try {
            JoranConfigurator configurator = new JoranConfigurator();
            configurator.setContext(context);
            configurator.doConfigure(
                    Objects.requireNonNull(WorkerLogTest.class.getResource("/logback.xml")));
            context.getLogger(logger)
                    .warn(
                            "failure",
                            new TanrenException(
                                    ErrorCode.SOURCE_UNREADABLE,
                                    "no JSON",
                                    "a.jsonl:3",
                                    "Mend the line."));
        } finally {
            context.stop();
            System.setOut(console);
        }
        return said.toString(StandardCharsets.UTF_8);
    }
}
