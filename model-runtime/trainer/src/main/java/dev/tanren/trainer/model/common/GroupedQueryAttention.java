package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.Format;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Causal attention of several query heads to each key-value head (Ainslie et al. 2023), by
/// libtorch's fused kernel.
///
/// Keys and values are not repeated for their query heads: the first query heads of all groups
/// attend together, then the second ones, and so on, each as a strided view of the same memory.
///
/// In host memory bf16 is widened for it: libtorch's kernel for CPUs has the products of bf16 from
/// a BLAS that need not know the processor's units. The wide copies of one span are let go at once,
/// so that they take no memory beside activations, and a backward makes them, and its graph, again.
///
/// Legend: N places, W all heads side by side (queries, keys, values), Q query heads' width, B
/// sequences, T length, K key-value heads, G queries per key-value head, D head size.
public final class GroupedQueryAttention {

    private final HeadShape shape;
    private final Operators operators;
    private final @Nullable RotaryAngles angles;
    private final @Nullable SlidingWindow window;

    /// The autograd graph of one span, from the forward to the backward of a micro-batch; of a
    /// widened one, what to make it of.
    ///
    /// @param inputs G queries, then keys, then values
    /// @param outputs G attention outputs
    private record Graph(AttentionSpan span, List<Tensor> inputs, List<Tensor> outputs) {}

    /// @param angles by which heads were turned that come to [#forward]; null where they were not
    /// @param window how many places each place sees, itself included; null for all before it
    public GroupedQueryAttention(
            HeadShape shape,
            Operators operators,
            @Nullable RotaryAngles angles,
            @Nullable Integer window) {
        this.shape = shape;
        this.operators = operators;
        this.angles = angles;
        this.window = window == null ? null : new SlidingWindow(window);
    }

    /// What a backward needs of the forward of one batch, until it is closed. It sees the heads
    /// where they lie.
    public final class Attended implements Held {

        private final List<Graph> graphs = new ArrayList<>();

        private Attended() {}

        private void add(Graph graph) {
            graph.inputs.forEach(Tensor::retainReference);
            graph.outputs.forEach(Tensor::retainReference);
            graphs.add(graph);
        }

        /// Writes what every query head makes of the values that it sees.
        public void copyTo(Matrix outputs_NQ) {
            for (Graph graph : graphs) {
                try (PointerScope _ = new PointerScope();
                        AutoGradMode _ = new AutoGradMode(false)) {
                    copyOutputs(graph, outputs_NQ);
                }
            }
        }

        /// Bytes that it keeps beside the heads: outputs, through a window in blocks as well, and
        /// of fused attention the sum of each row of scores in fp32.
        @Override
        public long bytes() {
            return graphs.stream().mapToLong(GroupedQueryAttention.this::bytes).sum();
        }

        @Override
        public void close() {
            for (Graph graph : graphs) {
                graph.inputs.forEach(Tensor::releaseReference);
                graph.outputs.forEach(Tensor::releaseReference);
            }
            graphs.clear();
        }
    }

    /// @param heads_NW must stay as they are until a backward, where one follows
    public Attended forward(Matrix heads_NW, List<AttentionSpan> spans, boolean backwardFollows) {
        boolean recorded = backwardFollows && !isWidened(heads_NW);
        Attended attended = new Attended();
        try (PointerScope _ = new PointerScope();
                AutoGradMode _ = new AutoGradMode(recorded)) {
            for (AttentionSpan span : spans) {
                attended.add(attend(heads_NW, span, recorded));
            }
        }
        return attended;
    }

    private void copyOutputs(Graph graph, Matrix outputs_NQ) {
        Tensor outputs_BTKGD = outputs(outputs_NQ, graph.span);
        for (int g = 0; g < shape.group(); g++) {
            Tensor output_BKTD = graph.outputs.get(g).detach();
            outputs_BTKGD.select(3, g).copy_(output_BKTD.transpose(1, 2));
        }
    }

    private long bytes(Graph graph) {
        long outputs = graph.outputs.stream().mapToLong(Tensor::nbytes).sum();
        if (!graph.outputs.getFirst().requires_grad()) {
            return outputs;
        }
        long rows = (long) graph.span.places() * shape.group() * shape.keyValueHeads();
        return (hides(graph.span) ? 2 : 1) * outputs + rows * Float.BYTES;
    }

    private boolean hides(AttentionSpan span) {
        return window != null && window.hides(span.length());
    }

    private static boolean isWidened(Matrix heads_NW) {
        return heads_NW.format() == Format.BFLOAT16 && heads_NW.hostMemory() != null;
    }

    private Graph attend(Matrix heads_NW, AttentionSpan span, boolean recorded) {
        List<Tensor> inputs = inputs(heads_NW, span);
        if (!isWidened(heads_NW)) {
            inputs.forEach(input -> input.requires_grad_(recorded));
            return new Graph(span, inputs, attend(inputs, span));
        }
        List<Tensor> outputs = attend(inType(torch.ScalarType.Float, inputs), span);
        return new Graph(span, inputs, inType(torch.ScalarType.BFloat16, outputs));
    }

    /// The graph as it was recorded, or a new one of what was widened.
    private Graph recorded(Graph graph) {
        if (graph.outputs.getFirst().requires_grad()) {
            return graph;
        }
        try (AutoGradMode _ = new AutoGradMode(true)) {
            List<Tensor> inputs = inType(torch.ScalarType.Float, graph.inputs);
            inputs.forEach(input -> input.requires_grad_(true));
            return new Graph(graph.span, inputs, attend(inputs, graph.span));
        }
    }

    private static List<Tensor> inType(torch.ScalarType type, List<Tensor> tensors) {
        return tensors.stream().map(tensor -> tensor.to(type)).toList();
    }

    private List<Tensor> attend(List<Tensor> inputs, AttentionSpan span) {
        Tensor keys_BKTD = inputs.get(shape.group());
        Tensor values_BKTD = inputs.get(shape.group() + 1);
        List<Tensor> outputs = new ArrayList<>(shape.group());
        for (int g = 0; g < shape.group(); g++) {
            outputs.add(attend(inputs.get(g), keys_BKTD, values_BKTD, span));
        }
        return outputs;
    }

    private Tensor attend(
            Tensor queries_BKTD, Tensor keys_BKTD, Tensor values_BKTD, AttentionSpan span) {
        if (window != null && hides(span)) {
            return window.attend(queries_BKTD, keys_BKTD, values_BKTD);
        }
        return torch.scaled_dot_product_attention(
                queries_BKTD,
                keys_BKTD,
                values_BKTD,
                new TensorOptional(),
                0.0,
                true,
                new DoubleOptional(),
                false);
    }

    private List<Tensor> inputs(Matrix heads_NW, AttentionSpan span) {
        List<Tensor> inputs = new ArrayList<>(shape.group() + 2);
        for (int g = 0; g < shape.group(); g++) {
            long head = shape.headSize();
            inputs.add(view(heads_NW, g * head, shape.group() * head, span));
        }
        inputs.add(view(heads_NW, shape.keys(), shape.headSize(), span));
        inputs.add(view(heads_NW, shape.values(), shape.headSize(), span));
        return inputs;
    }

    /// `[B, K, T, D]`: heads that begin at column `offset` and are `headStride` apart.
    private Tensor view(Matrix heads_NW, long offset, long headStride, AttentionSpan span) {
        long width = heads_NW.columns();
        return heads_NW.strided(
                span.from(),
                offset,
                new long[] {
                    span.sequences(), shape.keyValueHeads(), span.length(), shape.headSize()
                },
                new long[] {span.length() * width, headStride, width, 1});
    }

    /// `[B, T, K, G, D]`.
    private Tensor outputs(Matrix outputs_NQ, AttentionSpan span) {
        long width = outputs_NQ.columns();
        long head = shape.headSize();
        return outputs_NQ.strided(
                span.from(),
                0,
                new long[] {
                    span.sequences(), span.length(), shape.keyValueHeads(), shape.group(), head
                },
                new long[] {span.length() * width, width, shape.group() * head, head, 1});
    }

    /// Puts the gradient of the heads, before their rotation, where the heads were.
    ///
    /// @param positions of each place inside its document
    public void backward(
            Attended attended,
            Matrix outputGradient_NQ,
            int[] positions,
            Matrix headsThenGradient_NW) {
        for (Graph graph : attended.graphs) {
            try (PointerScope _ = new PointerScope()) {
                Tensor gradient_BTKGD = outputs(outputGradient_NQ, graph.span);
                List<Tensor> gradients = gradients(recorded(graph), gradient_BTKGD);
                operators.gatherHeads(
                        gradients, shape, graph.span, angles, positions, headsThenGradient_NW);
            }
        }
    }

    /// Row-major `[B, T, K, D]` each, in the order of the graph's inputs.
    private List<Tensor> gradients(Graph graph, Tensor gradient_BTKGD) {
        TensorVector outputGradients = new TensorVector();
        for (int g = 0; g < shape.group(); g++) {
            Tensor gradient_BTKD = gradient_BTKGD.select(3, g);
            torch.ScalarType type = graph.outputs.get(g).scalar_type();
            outputGradients.push_back(gradient_BTKD.transpose(1, 2).to(type));
        }
        TensorVector inputGradients =
                torch.grad(
                        new TensorVector(graph.outputs.toArray(Tensor[]::new)),
                        new TensorVector(graph.inputs.toArray(Tensor[]::new)),
                        outputGradients,
                        new BoolOptional(),
                        false,
                        false);
        List<Tensor> gradients = new ArrayList<>(shape.group() + 2);
        for (int i = 0; i < shape.group() + 2; i++) {
            gradients.add(inputGradients.get(i).transpose(1, 2).contiguous());
        }
        return gradients;
    }
}
