package dev.tanren.trainer.data;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.trainer.data.GlobalBatch.Sample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The global order of samples in one phase of a stage.
///
/// Sample `n` of the phase comes from the source that the mix's [Interleave] names, at the source's
/// offset where the phase began plus the number of samples the phase has taken from it. A source
/// is a dataset, or one tier of it, at one sequence length, and its offset carries on from phase
/// to phase of the stage: a later phase with the same source and length goes on where the
/// earlier one stopped. The same documents at another length, or in another tier's selection,
/// are another source with its own offset.
///
/// The data position is thus one number for each source, [#offsets(long)], kept in the
/// checkpoint.
public final class SampleOrder {

    /// Put before a source's key in the state of a checkpoint.
    static final String OFFSET = "data.offset.";

    private final Timetable.Entry entry;
    private final int microBatchSize;
    private final Interleave interleave;
    private final List<BlockSource> sources;
    private final long[] offsetsAtStart;
    private final Map<String, String> carried;

    /// @param sources one for each member of the mix that has samples
    /// @param done steps of the phase that `state` already contains
    /// @param state of the checkpoint to go on from; empty where the stage begins
    SampleOrder(
            TrainingStage stage,
            Timetable.Entry entry,
            List<BlockSource> sources,
            long done,
            Map<String, String> state) {
        this.entry = entry;
        this.microBatchSize = stage.microBatch();
        Map<String, Long> samples = entry.samplesOfMembers();
        this.sources = sources.stream().sorted(Comparator.comparing(BlockSource::member)).toList();
        this.interleave =
                new Interleave(
                        this.sources.stream()
                                .map(source -> samples.getOrDefault(source.member(), 0L))
                                .toList());
        this.carried = new TreeMap<>(state);
        this.carried.keySet().removeIf(key -> !key.startsWith(OFFSET));
        this.offsetsAtStart = new long[sources.size()];
        long[] drawn = interleave.drawn(samples(done));
        for (int source = 0; source < sources.size(); source++) {
            long offset =
                    Long.parseLong(
                            state.getOrDefault(OFFSET + this.sources.get(source).key(), "0"));
            offsetsAtStart[source] = offset - drawn[source];
        }
    }

    /// @param step of the stage, inside the phase
    public GlobalBatch at(long step) {
        long first = samples(step - entry.firstStep());
        List<Sample> samples = new ArrayList<>(entry.sequencesPerStep());
        for (long n = first; n < first + entry.sequencesPerStep(); n++) {
            Interleave.Place place = interleave.at(n);
            BlockSource source = sources.get(place.source());
            long offset = offsetsAtStart[place.source()] + place.ordinal();
            samples.add(new Sample(source, source.block(offset)));
        }
        return new GlobalBatch(step, entry.phase().sequenceLength(), microBatchSize, samples);
    }

    /// The offsets of all sources that the stage has used so far, as they are after `step`.
    ///
    /// @param step of the stage, inside the phase or the one before it
    public Map<String, String> offsets(long step) {
        Map<String, String> offsets = new TreeMap<>(carried);
        long[] drawn = interleave.drawn(samples(step - entry.firstStep() + 1));
        for (int source = 0; source < sources.size(); source++) {
            offsets.put(
                    OFFSET + sources.get(source).key(),
                    Long.toString(offsetsAtStart[source] + drawn[source]));
        }
        return offsets;
    }

    private long samples(long steps) {
        return steps * entry.sequencesPerStep();
    }
}
