package dev.tanren.trainer.bench;

import dev.tanren.launch.Report;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.checkpoint.ShardWriter;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.trainer.checkpoint.CheckpointSaver;
import dev.tanren.trainer.tools.Mains;
import dev.tanren.trainer.tools.NativeRuntime;
import dev.tanren.trainer.tools.Options;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.ToDoubleFunction;

/// Measures what asynchronous saves cost the training beside them.
///
/// Runs of equally many steps come in turn, one without a save and one that begins with a save of
/// the whole state to the object store that the environment names. What a save costs is everything
/// that it adds: the copy, the steps that are slower beside the upload, and the wait for an upload
/// that outlasts the run, as the next save would wait for it.
public final class CheckpointBenchmarkMain {

    private static final String USAGE =
            "bench checkpoint --model tiny|small|smollm2-135m [--save-every N] [--rounds N]"
                    + " [--warmup N] [--threads N] [--json]";
    /// Until the JIT compiler has seen to hashing and sending here and to receiving over there.
    private static final int WARM_UP_SAVES = 3;

    private static final String FOLDER = "bench/checkpoint/";

    private CheckpointBenchmarkMain() {}

    public static void main(String[] arguments) {
        Mains.run(() -> run(arguments));
    }

    /// One run without a save and the one with it that followed; seconds.
    private record Round(double plain, double saving, double copy, double waiting) {
        double ratio() {
            return saving / plain;
        }
    }

    static void run(String... arguments) {
        Options options =
                Options.parse(
                        USAGE,
                        Set.of("model", "save-every", "rounds", "warmup", "threads"),
                        Set.of("json"),
                        arguments);
        BenchmarkModel model = BenchmarkModel.named(options.required("model"));
        int every = options.integer("save-every", 10, 1);
        int rounds = options.integer("rounds", 8, 1);
        int warmup = options.integer("warmup", 10, 0);
        int threads = options.integer("threads", Runtime.getRuntime().availableProcessors(), 1);
        NativeRuntime.configure(threads);
        Queue<Report.ShardSaved> saved = new ConcurrentLinkedQueue<>();
        List<Round> measured = new ArrayList<>();
        try (ObjectStore store = S3ObjectStore.connect(System.getenv());
                BenchmarkTraining training =
                        new BenchmarkTraining(
                                model,
                                TrainingStage.Activations.NONE,
                                TrainingStage.Precision.FP32);
                CheckpointSaver saver =
                        new CheckpointSaver(
                                new ShardWriter(store),
                                training.state(),
                                0,
                                1,
                                step -> FOLDER + step + ".safetensors",
                                report -> {
                                    if (report instanceof Report.ShardSaved shard) {
                                        saved.add(shard);
                                    }
                                })) {
            steps(training, warmup);
            for (int save = 0; save < WARM_UP_SAVES; save++) {
                save(saver, -save);
                saver.await();
            }
            for (int round = 1; round <= rounds; round++) {
                measured.add(round(training, saver, every, round));
                if (!options.flag("json")) {
                    System.out.println("round " + round + " " + measured.getLast());
                }
            }
            store.list(FOLDER).forEach(object -> store.delete(object.key()));
        }
        Map<String, Object> figures = figures(measured, List.copyOf(saved), every);
        figures.put("model", model.key);
        figures.put("threads", threads);
        System.out.println(Json.write(figures));
    }

    private static Round round(
            BenchmarkTraining training, CheckpointSaver saver, int every, int round) {
        double plain = steps(training, every);
        long begin = System.nanoTime();
        save(saver, round);
        double copy = since(begin);
        steps(training, every);
        long trained = System.nanoTime();
        saver.await();
        return new Round(plain, since(begin), copy, since(trained));
    }

    private static void save(CheckpointSaver saver, int step) {
        saver.snapshot(step, Map.of());
        saver.upload();
    }

    private static double steps(BenchmarkTraining training, int count) {
        long begin = System.nanoTime();
        for (int step = 0; step < count; step++) {
            training.step();
        }
        return since(begin);
    }

    private static double since(long begin) {
        return (System.nanoTime() - begin) / 1e9;
    }

    private static Map<String, Object> figures(
            List<Round> rounds, List<Report.ShardSaved> saved, int every) {
        double[] ratios = values(rounds, Round::ratio);
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("saveEvery", every);
        figures.put("rounds", rounds.size());
        figures.put("stepMs", Median.milliseconds(values(rounds, round -> round.plain() / every)));
        figures.put(
                "stepMsWithSaves",
                Median.milliseconds(values(rounds, round -> round.saving() / every)));
        figures.put("ratio", thousandths(Median.of(ratios)));
        figures.put("ratioLowest", thousandths(Arrays.stream(ratios).min().orElse(0)));
        figures.put("ratioHighest", thousandths(Arrays.stream(ratios).max().orElse(0)));
        figures.put("ratios", values(rounds, round -> thousandths(round.ratio())));
        figures.put("copyMs", Median.milliseconds(values(rounds, Round::copy)));
        figures.put("waitMs", Median.milliseconds(values(rounds, Round::waiting)));
        figures.put(
                "uploadMs",
                Median.milliseconds(
                        saved.stream().mapToDouble(Report.ShardSaved::seconds).toArray()));
        figures.put("checkpointMiB", Median.rounded(saved.getFirst().shard().bytes() / 1048576.0));
        return figures;
    }

    private static double[] values(List<Round> rounds, ToDoubleFunction<Round> value) {
        return rounds.stream().mapToDouble(value).toArray();
    }

    private static double thousandths(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}
