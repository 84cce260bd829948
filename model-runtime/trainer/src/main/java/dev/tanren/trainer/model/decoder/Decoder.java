package dev.tanren.trainer.model.decoder;

import dev.tanren.plan.Architecture;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.ArrayList;
import java.util.List;

/// A decoder-only language model: the list of its segments, and the parameters they compute with.
///
/// It owns no weights and no gradients: its [parameters][#parameters] are bound to fp32 buffers
/// that are given to them; in bf16 they have a rounded copy of the weights. What is done with it
/// are three things: [DecoderTraining], [DecoderEvaluation], [DecoderGeneration].
///
/// The residual stream, what products read and write, and their gradients have the format of the
/// parameters; norms, softmax, losses and gradients of parameters are fp32. The same inputs give
/// the same bits, as long as the number of threads and the type of the machine stay. One thread
/// uses a decoder at a time.
public final class Decoder implements AutoCloseable {

    private final Architecture architecture;
    private final ParameterSet parameters;
    private final List<Segment> segments;
    private final LanguageModelHead head;
    private final ActivationMemory memory;

    /// @param parameters all that the segments have
    /// @throws IllegalArgumentException where a parameter has not exactly one segment as its owner
    public Decoder(
            Architecture architecture,
            ParameterSet parameters,
            InputEmbedding embedding,
            List<DecoderLayer> layers,
            LanguageModelHead head) {
        this.architecture = architecture;
        this.parameters = parameters;
        this.head = head;
        this.memory = new ActivationMemory(parameters.operators());
        List<Segment> all = new ArrayList<>();
        all.add(embedding);
        all.addAll(layers);
        all.add(head);
        segments = List.copyOf(all);
        List<ParameterLayout.Entry> owned =
                segments.stream().flatMap(segment -> segment.parameters().stream()).toList();
        if (!owned.equals(layout().entries())) {
            throw new IllegalArgumentException(
                    "segments own " + owned + " of a model of " + layout().entries());
        }
    }

    public Architecture architecture() {
        return architecture;
    }

    /// What it computes with: bound to weights and gradients before a pass.
    public ParameterSet parameters() {
        return parameters;
    }

    public ParameterLayout layout() {
        return parameters.layout();
    }

    /// In the order of a forward: the embedding, the layers, the head.
    public List<Segment> segments() {
        return segments;
    }

    LanguageModelHead head() {
        return head;
    }

    Format format() {
        return parameters.format();
    }

    /// Of the activations of all passes.
    public ActivationMemory memory() {
        return memory;
    }

    /// @param run the segments, or what is put around them
    Pass.Setting setting(List<Segment> run, PassClock clock, boolean keepsDerived, Runnable sign) {
        return new Pass.Setting(
                run, architecture.hiddenSize(), format(), memory, clock, keepsDerived, sign);
    }

    /// Frees the activations. The buffers given to it stay.
    @Override
    public void close() {
        memory.close();
        parameters.close();
    }
}
