package dev.tanren.trainer.export;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.trainer.model.common.RotaryFrequencies;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.NativeAddress;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Tensor;

/// A decoder as a TorchScript module, written down as source so that no Python is needed.
///
/// `forward(tokens, positions, documents)`, each int64 [batch, sequence], gives float32 logits
/// [batch, sequence, vocabulary]. Positions are those inside a document; attention is causal and
/// never crosses from one document of a row to another; -1 is the document of padding. The source
/// keeps to operators that libtorch 2.7 and later have.
final class TorchScriptModule implements AutoCloseable {

    /// The buffer with the rotary frequencies, in families that have them.
    static final String FREQUENCIES = "rotary_frequencies";

    private final Arena arena = Arena.ofShared();
    private final JitModule module;

    /// @param weights must outlive this
    TorchScriptModule(Architecture architecture, ParameterLayout layout, FlatBuffer weights) {
        try (PointerScope _ = new PointerScope()) {
            module = new JitModule(new QualifiedName("TanrenDecoder"));
            for (ParameterLayout.Entry entry : layout.entries()) {
                module.register_parameter(attribute(entry.name()), weights.view(entry), false);
            }
            if (DecoderFamily.of(architecture).rotary()) {
                module.register_buffer(FREQUENCIES, frequencies(architecture));
            }
            module.define(source(architecture));
            module.eval();
            module.retainReference();
        }
    }

    static String source(Architecture architecture) {
        return DecoderFamily.of(architecture).rotary()
                ? RotaryScript.source(architecture)
                : Gpt2Script.source(architecture);
    }

    /// A parameter's name as TorchScript allows it: dots part modules there.
    static String attribute(String name) {
        return name.replace('.', '_');
    }

    /// The frequencies as the trainer's own rotary embedding rounds them.
    private Tensor frequencies(Architecture architecture) {
        float[] values =
                RotaryFrequencies.of(
                        architecture.effectiveHeadSize(),
                        architecture.ropeTheta(),
                        architecture.ropeScaling());
        MemorySegment frequencies = arena.allocate((long) values.length * Float.BYTES, 64);
        MemorySegment.copy(values, 0, frequencies, ValueLayout.JAVA_FLOAT, 0, values.length);
        return NativeAddress.tensor(frequencies, values.length);
    }

    /// @return logits [B, T, vocabulary], which the caller owns
    Tensor logits(Tensor tokens_BT, Tensor positions_BT, Tensor documents_BT) {
        return module.forward(
                        new IValueVector(
                                new IValue(tokens_BT),
                                new IValue(positions_BT),
                                new IValue(documents_BT)))
                .toTensor();
    }

    void save(Path file) {
        module.save(file.toString());
    }

    @Override
    public void close() {
        module.releaseReference();
        arena.close();
    }
}
