package dev.tanren.plan.planner;

import java.util.List;

/// Whether a stage fits into a device's memory, and what to change where it does not.
///
/// @param neededBytes of one device: of a rank, or of all ranks where they share the memory
/// @param unchunkedLogitsBytes what logits would take without the chunked loss, which is always on
/// @param ladder single changes in order of cost; empty where the stage fits
/// @param fitting whole settings that do fit, for the fewest ranks first; empty where the stage
///     fits, or where nothing would make it fit
/// @param assumptions what slow-downs rest on
public record Fit(
        Device device,
        long neededBytes,
        boolean fits,
        long unchunkedLogitsBytes,
        List<Proposal> ladder,
        List<Proposal> fitting,
        String assumptions) {

    public Fit {
        ladder = List.copyOf(ladder);
        fitting = List.copyOf(fitting);
    }

    static Fit of(Demand demand, Device device) {
        boolean fits = demand.fits(demand.stage());
        return new Fit(
                device,
                demand.needed(demand.stage()),
                fits,
                new MemoryPlanner(demand.stage(), demand.shape(), !device.shared())
                        .unchunkedLogits(),
                fits ? List.of() : Ladder.of(demand),
                fits ? List.of() : Combinations.fitting(demand),
                StepTime.assumptions(device, demand.stage().precision()));
    }
}
