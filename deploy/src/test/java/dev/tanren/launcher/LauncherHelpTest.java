package dev.tanren.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.cli.TanrenMain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// What the launcher answers by itself.
class LauncherHelpTest extends LauncherCheckout {

    private static final Pattern COMMAND = Pattern.compile("  (\\w+) +(.+)");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "help",
                "--help",
                "-h",
                "version",
                "--version",
                "up --help",
                "run submit -h",
                "demo --help",
                "bench --help"
            })
    void helpAndVersionAreAnsweredAtOnceWhereNothingIsBuilt(String arguments) throws Exception {
        nothingIsBuilt();
        Path maven = maven("echo built\n");

        Result result = run(Map.of(), arguments.split(" "));

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.err()).isEmpty();
        assertThat(result.out())
                .startsWith(
                        arguments.contains("version")
                                ? "tanren 0.1.0\n"
                                : "Usage: tanren [-hV] [COMMAND]\n");
        assertThat(maven.resolveSibling("arguments")).doesNotExist();
    }

    @Test
    void theUsageOfTheLauncherHasEveryCommandInTheWordsOfTheCommandLine() throws Exception {
        nothingIsBuilt();
        Map<String, String> expected = new LinkedHashMap<>();
        for (Class<?> command :
                TanrenMain.class.getAnnotation(CommandLine.Command.class).subcommands()) {
            CommandLine.Command said = command.getAnnotation(CommandLine.Command.class);
            String[] words = said.header().length > 0 ? said.header() : said.description();
            expected.put(said.name(), String.join("", words));
        }
        expected.put("test", "Runs every test.");

        Map<String, String> said =
                run(Map.of(), "help")
                        .out()
                        .lines()
                        .map(COMMAND::matcher)
                        .filter(Matcher::matches)
                        .collect(Collectors.toMap(it -> it.group(1), it -> it.group(2)));

        assertThat(said).containsExactlyInAnyOrderEntriesOf(expected);
    }

    @Test
    void helpOfABuiltTanrenIsThatOfTheCommandAndAsksForNoTemporal() throws Exception {
        jdk("other/jdk-25", "25.0.1");

        Result result = run(Map.of("TANREN_TEMPORAL", "/no/such/temporal"), "up", "--help");

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out()).contains("[dev.tanren.cli.TanrenMain][up][--help]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"plan validate plan.yaml", "plan explain plan.yaml", "completion bash"})
    void whatNeedsNoStackBuildsTheCommandLineAloneAndNoTemporal(String arguments) throws Exception {
        nothingIsBuilt();
        jdk("other/jdk-25", "25.0.1");
        Path maven = maven(buildsVersion("1"));

        Result result = run(Map.of(), arguments.split(" "));

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out()).contains("[" + arguments.replace(" ", "][") + "]");
        assertThat(Files.readString(maven.resolveSibling("arguments"))).contains("-pl deploy -am");
        Files.delete(maven);
        assertThat(run(Map.of(), arguments.split(" ")).exitCode()).isZero();
    }

    @Test
    void anUnknownCommandWhereNothingIsBuiltShowsThoseThereAre() throws Exception {
        nothingIsBuilt();
        jdk("other/jdk-25", "25.0.1");

        Result result = run(Map.of(), "upp");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).startsWith("Usage: tanren");
    }

    @ParameterizedTest
    @CsvSource({"Darwin, x86_64", "Linux, aarch64"})
    void anotherSystemOrProcessorIsSaidInOneLineBeforeAnythingIsBuilt(
            String system, String processor) throws Exception {
        nothingIsBuilt();
        Path maven = maven(buildsVersion("1"));
        script(
                folder.resolve("bin/uname"),
                "[ \"$1\" = -s ] && echo %s || echo %s\n".formatted(system, processor));

        Result result = run(Map.of(), "up");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err().lines())
                .singleElement()
                .asString()
                .startsWith("TNR-7004")
                .contains("x86-64", system + "-" + processor);
        assertThat(maven.resolveSibling("arguments")).doesNotExist();
        assertThat(run(Map.of(), "--help").exitCode()).isZero();
    }

    private void nothingIsBuilt() throws IOException {
        deleteTree(home().resolve("builds"));
        for (String module : List.of("", "deploy/", "activities/", "control-plane/")) {
            deleteTree(checkout.resolve(module + "target"));
        }
        source("pom.xml", "<project>\n  <version>0.1.0</version>\n</project>\n");
    }
}
