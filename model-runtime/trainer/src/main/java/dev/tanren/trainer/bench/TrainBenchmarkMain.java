package dev.tanren.trainer.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.Initialisation;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.MicroBatchResult;
import dev.tanren.trainer.model.registry.Decoders;
import dev.tanren.trainer.optimizer.AdamW;
import dev.tanren.trainer.optimizer.GradientNorm;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.tools.Mains;
import dev.tanren.trainer.tools.NativeRuntime;
import dev.tanren.trainer.tools.Options;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Trains a model of fixed shape on random tokens, and prints how fast it went.
///
/// Each step is what a rank does for one: zero gradients, forward, backward, norm, clipping, AdamW.
/// Speed is the median over the steps after the warm-up, in which the JIT compiler is still at
/// work.
public final class TrainBenchmarkMain {

    private static final String USAGE =
            "bench train --model tiny|small|smollm2-135m [--steps N] [--warmup N] [--threads N]"
                    + " [--activations none|selective|full] [--json]";

    private TrainBenchmarkMain() {}

    public static void main(String[] arguments) {
        Mains.run(() -> run(arguments));
    }

    private record Step(
            double loss, double forward, double backward, double optimizer, double processor) {
        double seconds() {
            return forward + backward + optimizer;
        }
    }

    static void run(String... arguments) {
        Options options =
                Options.parse(
                        USAGE,
                        Set.of("model", "steps", "warmup", "threads", "activations"),
                        Set.of("json"),
                        arguments);
        BenchmarkModel model = BenchmarkModel.named(options.required("model"));
        int steps = options.integer("steps", 30, 1);
        int warmup = options.integer("warmup", 10, 0);
        int threads = options.integer("threads", Runtime.getRuntime().availableProcessors(), 1);
        TrainingStage.Activations activations =
                options.choice("activations", TrainingStage.Activations.NONE);
        NativeRuntime.configure(threads);
        List<Step> measured = new ArrayList<>();
        double secondsToFirstStep =
                train(model, activations, warmup + steps, measured, !options.flag("json"));
        double peak = NativeRuntime.peakResidentMiB();
        Map<String, Object> figures = figures(model, measured.subList(warmup, measured.size()));
        figures.put("peakRssMiB", rounded(peak));
        figures.put("secondsToFirstStep", rounded(secondsToFirstStep));
        figures.put("gemmGflops", rounded(gemmGflops()));
        figures.put("threads", threads);
        figures.put("activations", activations.name().toLowerCase(Locale.ROOT));
        figures.put("steps", steps);
        System.out.println(Json.write(figures));
    }

    private static Map<String, Object> figures(BenchmarkModel model, List<Step> steps) {
        int tokens = model.sequences * model.sequenceLength;
        double speed = tokens / median(steps.stream().mapToDouble(Step::seconds).toArray());
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("model", model.key);
        figures.put("tokensPerSecond", rounded(speed));
        figures.put("gflops", rounded(speed * model.flopsPerToken() / 1e9));
        figures.put("forwardMs", milliseconds(steps.stream().mapToDouble(Step::forward).toArray()));
        figures.put(
                "backwardMs", milliseconds(steps.stream().mapToDouble(Step::backward).toArray()));
        figures.put(
                "optimizerMs", milliseconds(steps.stream().mapToDouble(Step::optimizer).toArray()));
        // Says more than wall time where other programs have the processor too.
        figures.put(
                "processorMs", milliseconds(steps.stream().mapToDouble(Step::processor).toArray()));
        figures.put("loss", rounded(steps.getLast().loss));
        return figures;
    }

    /// @return seconds from the start of the process to the end of the first step
    private static double train(
            BenchmarkModel model,
            TrainingStage.Activations activations,
            int steps,
            List<Step> done,
            boolean talkative) {
        double first = 0;
        try (Decoder decoder = Decoders.create(model.architecture);
                FlatBuffer weights = FlatBuffer.allocate(decoder.layout());
                FlatBuffer gradients = FlatBuffer.allocate(decoder.layout());
                FlatBuffer average = FlatBuffer.allocate(decoder.layout());
                FlatBuffer square = FlatBuffer.allocate(decoder.layout())) {
            Initialisation.random(decoder.layout(), weights, 17);
            decoder.useWeights(weights);
            decoder.recomputeActivations(activations);
            decoder.accumulateGradientsInto(gradients);
            AdamW adamW =
                    new AdamW(
                            decoder.layout(),
                            weights,
                            average,
                            square,
                            new AdamW.Settings(0.9, 0.95, 1e-8, 0.1));
            SplittableRandom random = new SplittableRandom(17);
            for (int step = 1; step <= steps; step++) {
                done.add(step(decoder, gradients, adamW, batch(model, random), step));
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

    private static Step step(
            Decoder decoder, FlatBuffer gradients, AdamW adamW, MicroBatch batch, int step) {
        double processor = processorSeconds();
        long begin = System.nanoTime();
        gradients.zero();
        double zeroing = (System.nanoTime() - begin) / 1e9;
        MicroBatchResult result = decoder.forwardBackward(batch, 1.0 / batch.countedTargets());
        long middle = System.nanoTime();
        double norm = GradientNorm.l2(gradients);
        adamW.step(gradients, step, 3e-4, GradientNorm.clippingScale(norm, 1));
        double optimizer = (System.nanoTime() - middle) / 1e9 + zeroing;
        return new Step(
                result.lossSum() / batch.countedTargets(),
                result.forwardSeconds(),
                result.backwardSeconds(),
                optimizer,
                processorSeconds() - processor);
    }

    private static MicroBatch batch(BenchmarkModel model, SplittableRandom random) {
        int[][] rows = new int[model.sequences][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] =
                    random.ints(model.sequenceLength, 0, model.architecture.vocabSize()).toArray();
        }
        return MicroBatch.ofRows(rows);
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
        return 2.0 * size * size * size / median(seconds) / 1e9;
    }

    /// Processor time of all threads of this process.
    private static double processorSeconds() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getProcessCpuTime() / 1e9
                : 0;
    }

    private static double sinceStart() {
        long started = ManagementFactory.getRuntimeMXBean().getStartTime();
        return (System.currentTimeMillis() - started) / 1e3;
    }

    private static double milliseconds(double... seconds) {
        return rounded(median(seconds) * 1e3);
    }

    private static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }
}
