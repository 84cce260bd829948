package dev.tanren.cli;

import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.launch.RuntimeCommand;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// Options of every benchmark.
///
/// Values are checked as they are read: a mistake would else be found after minutes.
final class BenchOptions {

    @Option(
            names = "--threads",
            defaultValue = "2",
            converter = Positive.class,
            description = "CPU threads (default: ${DEFAULT-VALUE}).")
    private int threads;

    int threads() {
        return threads;
    }

    /// The benchmarks whose model can be chosen.
    static final class Model {

        private static final List<String> NAMES = List.of("tiny", "small", "smollm2-135m");

        @Option(
                names = "--model",
                defaultValue = "tiny",
                converter = Named.class,
                description = "tiny, small or smollm2-135m (default: ${DEFAULT-VALUE}).")
        private String name;

        String name() {
            return name;
        }

        private static final class Named implements ITypeConverter<String> {
            @Override
            public String convert(String given) {
                if (!NAMES.contains(given)) {
                    throw new TypeConversionException(
                            "it is " + given + ", expected one of: " + String.join(", ", NAMES));
                }
                return given;
            }
        }
    }

    /// The benchmarks that train a model in a process: which, and how long.
    static final class Training {

        private static final String MAIN = "dev.tanren.trainer.bench.TrainBenchmarkMain";

        @Option(
                names = "--steps",
                defaultValue = "30",
                converter = Positive.class,
                description = "Steps that are measured (default: ${DEFAULT-VALUE}).")
        private int steps;

        @Option(
                names = "--warmup",
                defaultValue = "10",
                converter = NotNegative.class,
                description = "Steps before them (default: ${DEFAULT-VALUE}).")
        private int warmup;

        @Mixin private Model model;

        /// The trainer's benchmark.
        RuntimeCommand command(Terminal terminal, int threads, List<String> more)
                throws InterruptedException {
            List<String> arguments = new ArrayList<>(arguments(threads));
            arguments.addAll(more);
            Installation installation = Installation.of(terminal.environment());
            return new ModelRuntime(TanrenHome.of(terminal.environment()), installation)
                    .trainer(MAIN, threads, arguments);
        }

        /// As the trainer's benchmark and the peer's take them.
        List<String> arguments(int threads) {
            return List.of(
                    "--model",
                    model.name(),
                    "--threads",
                    Integer.toString(threads),
                    "--steps",
                    Integer.toString(steps),
                    "--warmup",
                    Integer.toString(warmup));
        }
    }

    /// A number of things of which there must be one at least.
    static final class Positive implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String given) {
            return atLeast(1, given);
        }
    }

    /// A number of things that may be left out.
    static final class NotNegative implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String given) {
            return atLeast(0, given);
        }
    }

    private static int atLeast(int least, String given) {
        try {
            int number = Integer.parseInt(given);
            if (number >= least) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw notFrom(least, given);
        }
        throw notFrom(least, given);
    }

    private static TypeConversionException notFrom(int least, String given) {
        return new TypeConversionException(
                "it is " + given + ", expected a number from " + least + " on");
    }
}
