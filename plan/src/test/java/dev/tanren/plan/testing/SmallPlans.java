package dev.tanren.plan.testing;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.Stage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Plans of a model from scratch on datasets that need not be there.
public final class SmallPlans {

    /// One layer of 8 numbers a token.
    public static final Architecture ARCHITECTURE = llama(1);

    private SmallPlans() {}

    /// [#ARCHITECTURE] with other layers.
    public static Architecture llama(int layers) {
        return new Architecture(
                Architecture.Family.LLAMA, 64, 8, layers, 2, 1, 16, null, true, 10_000, 1e-5, 64);
    }

    /// A shuffled dataset of one source, a tenth of which is held out.
    public static Dataset dataset() {
        return dataset(Dataset.Order.SHUFFLED);
    }

    public static Dataset dataset(Dataset.Order order) {
        return new Dataset(
                List.of(new Dataset.Source("file:/corpus", null, "text", Dataset.Format.AUTO)),
                new Dataset.Quality(Dataset.Scorer.NONE, 1),
                order,
                0.1);
    }

    /// A plan of these stages over the dataset `code`.
    public static Plan plan(String name, Architecture architecture, Stage... stages) {
        return plan(name, architecture, Map.of("code", dataset()), stages);
    }

    /// @param datasets in the order in which a plan would name them
    public static Plan plan(
            String name,
            Architecture architecture,
            Map<String, Dataset> datasets,
            Stage... stages) {
        return new Plan(
                Plan.API_VERSION,
                name,
                17,
                new ModelSource.Fresh(architecture, "file:/tokenizer.json"),
                new LinkedHashMap<>(datasets),
                List.of(stages));
    }
}
