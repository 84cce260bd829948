package dev.tanren.plan.planner;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.planner.MemoryEstimate.Item;
import java.util.ArrayList;
import java.util.List;

/// What a rank keeps in the host's memory while it computes on a device that has its own: weights,
/// the optimizer's state and the mean stay there, page-locked for the copies of each step
/// (`docs/decisions/0012-devices.md`).
///
/// @param parameters of the rank
/// @param optimizerShare of the optimizer's state that the rank has, 0 to 1
/// @param shared how the formula says it, such as ` / 4 ranks`
record HostShare(TrainingStage stage, double parameters, double optimizerShare, String shared) {

    List<Item> items(OptimizerStates kept) {
        List<Item> items = new ArrayList<>();
        items.add(item("weights in fp32", 4 * parameters, "4 · parameters"));
        items.add(item("gradient in fp32", 4 * parameters, "4 · parameters, the copy of the sum"));
        items.add(
                item(
                        MemoryPlanner.OPTIMIZER,
                        kept.state() * parameters * optimizerShare + kept.scratch(),
                        "(" + kept.formula() + ") · parameters" + shared));
        if (stage.averaging() != null) {
            items.add(
                    item(
                            MemoryPlanner.AVERAGE,
                            4 * parameters * optimizerShare,
                            "4 · parameters" + shared));
        }
        return items;
    }

    private static Item item(String name, double bytes, String formula) {
        return new Item(name, Math.round(bytes), formula, true);
    }
}
