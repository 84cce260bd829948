package dev.tanren.trainer.bench;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.json.Json;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.host.HostOperators;
import dev.tanren.trainer.tools.Mains;
import dev.tanren.trainer.tools.NativeRuntime;
import dev.tanren.trainer.tools.Options;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Trains a model of fixed shape on random tokens, and prints how fast it went.
///
/// Speed is the median over the steps after the warm-up, in which the JIT compiler is still at
/// work.
public final class TrainBenchmarkMain {

    private static final String USAGE =
            "bench train --model tiny|small|smollm2-135m [--steps N] [--warmup N] [--threads N]"
                    + " [--activations none|selective|full] [--precision fp32|bf16]"
                    + " [--logits-at-once N] [--free-code-path] [--json]";

    private TrainBenchmarkMain() {}

    public static void main(String[] arguments) {
        Mains.run(() -> run(arguments));
    }

    static void run(String... arguments) {
        Options options =
                Options.parse(
                        USAGE,
                        Set.of(
                                "model",
                                "steps",
                                "warmup",
                                "threads",
                                "activations",
                                "precision",
                                "logits-at-once"),
                        Set.of("json", "free-code-path"),
                        arguments);
        BenchmarkModel model = BenchmarkModel.named(options.required("model"));
        int steps = options.integer("steps", 30, 1);
        int warmup = options.integer("warmup", 10, 0);
        int threads = options.integer("threads", Runtime.getRuntime().availableProcessors(), 1);
        TrainingStage.Activations activations =
                options.choice("activations", TrainingStage.Activations.NONE);
        TrainingStage.Precision precision =
                options.choice("precision", TrainingStage.Precision.FP32);
        int logits = options.integer("logits-at-once", 0, 0);
        Operators operators = logits == 0 ? new HostOperators() : new HostOperators(logits);
        NativeRuntime.configure(threads, !options.flag("free-code-path"));
        List<BenchmarkTraining.Step> measured = new ArrayList<>();
        double secondsToFirstStep =
                train(
                        model,
                        activations,
                        precision,
                        operators,
                        warmup + steps,
                        measured,
                        !options.flag("json"));
        double peak = NativeRuntime.peakResidentMiB();
        Map<String, Object> figures = figures(model, measured.subList(warmup, measured.size()));
        figures.put("peakRssMiB", Median.rounded(peak));
        figures.put("secondsToFirstStep", Median.rounded(secondsToFirstStep));
        figures.put("gemmGflops", Median.rounded(gemmGflops()));
        figures.put("threads", threads);
        figures.put("activations", activations.name().toLowerCase(Locale.ROOT));
        figures.put("precision", precision.name().toLowerCase(Locale.ROOT));
        figures.put("logitsAtOnce", operators.logitsAtOnce());
        figures.put("steps", steps);
        System.out.println(Json.write(figures));
    }

    private static Map<String, Object> figures(
            BenchmarkModel model, List<BenchmarkTraining.Step> steps) {
        int tokens = model.sequences * model.sequenceLength;
        double speed =
                tokens
                        / Median.of(
                                steps.stream()
                                        .mapToDouble(BenchmarkTraining.Step::seconds)
                                        .toArray());
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("model", model.key);
        figures.put("tokensPerSecond", Median.rounded(speed));
        figures.put("gflops", Median.rounded(speed * model.flopsPerToken() / 1e9));
        figures.put(
                "forwardMs",
                Median.milliseconds(
                        steps.stream().mapToDouble(BenchmarkTraining.Step::forward).toArray()));
        figures.put(
                "backwardMs",
                Median.milliseconds(
                        steps.stream().mapToDouble(BenchmarkTraining.Step::backward).toArray()));
        figures.put(
                "optimizerMs",
                Median.milliseconds(
                        steps.stream().mapToDouble(BenchmarkTraining.Step::optimizer).toArray()));
        // Says more than wall time where other programs have the processor too.
        figures.put(
                "processorMs",
                Median.milliseconds(
                        steps.stream().mapToDouble(BenchmarkTraining.Step::processor).toArray()));
        figures.put("loss", Median.rounded(steps.getLast().loss()));
        return figures;
    }

    /// @return seconds from the start of the process to the end of the first step
    private static double train(
            BenchmarkModel model,
            TrainingStage.Activations activations,
            TrainingStage.Precision precision,
            Operators operators,
            int steps,
            List<BenchmarkTraining.Step> done,
            boolean talkative) {
        double first = 0;
        try (BenchmarkTraining training =
                new BenchmarkTraining(model, activations, precision, operators)) {
            for (int step = 1; step <= steps; step++) {
                done.add(training.step());
                if (step == 1) {
                    first = sinceStart();
                }
                if (talkative) {
                    System.out.println("step " + step + " " + done.getLast());
                }
            }
        }
        return first;
    }

    /// The speed of a plain fp32 matrix product in this process: what all else is measured by.
    private static double gemmGflops() {
        int size = 2048;
        double[] seconds = new double[5];
        try (PointerScope _ = new PointerScope()) {
            Tensor a = torch.rand(size, size);
            Tensor b = torch.rand(size, size);
            Tensor c = torch.empty(size, size);
            torch.mm_out(c, a, b);
            for (int i = 0; i < seconds.length; i++) {
                long begin = System.nanoTime();
                torch.mm_out(c, a, b);
                seconds[i] = (System.nanoTime() - begin) / 1e9;
            }
        }
        return 2.0 * size * size * size / Median.of(seconds) / 1e9;
    }

    private static double sinceStart() {
        long started = ManagementFactory.getRuntimeMXBean().getStartTime();
        return (System.currentTimeMillis() - started) / 1e3;
    }
}
