package dev.tanren.trainer.model.tensor;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;

import dev.tanren.plan.Objective;
import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Losses;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.NativeAddress;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Computes a chunk in fp32 and brings two numbers a row back to the host, in one copy.
///
/// Legend: C rows of a chunk, V vocabulary.
final class CrossEntropies {

    private CrossEntropies() {}

    static void losses(
            ComputeDevice device, Matrix logits_CV, int[] targets, int firstTarget, Losses losses) {
        try (PointerScope _ = new PointerScope()) {
            Rows rows = rows(device, logits_CV, targets, firstTarget);
            bringBack(rows, firstTarget, losses, 0);
        }
    }

    static void lossesAndGradient(
            ComputeDevice device,
            Matrix logitsThenGradient_CV,
            int[] targets,
            int firstTarget,
            Losses losses,
            Objective objective,
            double scale) {
        try (PointerScope _ = new PointerScope()) {
            Rows rows = rows(device, logitsThenGradient_CV, targets, firstTarget);
            bringBack(rows, firstTarget, losses, objective.zLoss());
            double smoothing = objective.labelSmoothing();
            Tensor gradient_CV = rows.logits_CV.sub_(rows.logSums_C1).exp_();
            Tensor factor_C1 =
                    rows.logSums_C1
                            .mul(new Scalar(2 * objective.zLoss()))
                            .add_(new Scalar(1.0))
                            .mul_(new Scalar(scale));
            gradient_CV.mul_(factor_C1);
            if (smoothing > 0) {
                gradient_CV.sub_(new Scalar(scale * smoothing / logitsThenGradient_CV.columns()));
            }
            Tensor atTarget_C1 =
                    gradient_CV
                            .gather(1, rows.targets_C1)
                            .sub_(new Scalar(scale * (1 - smoothing)));
            gradient_CV.scatter_(1, rows.targets_C1, atTarget_C1).mul_(rows.counted_C1);
            logitsThenGradient_CV.tensor().copy_(gradient_CV);
        }
    }

    /// @param logits_CV in fp32: the memory itself where it is fp32
    /// @param targets_C1 of ignored rows 0
    /// @param counted_C1 1, or 0 for ignored rows
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Rows(
            int[] targets,
            Tensor logits_CV,
            Tensor logSums_C1,
            Tensor targets_C1,
            Tensor counted_C1) {}

    private static Rows rows(
            ComputeDevice device, Matrix logits_CV, int[] targets, int firstTarget) {
        int[] own = Arrays.copyOfRange(targets, firstTarget, firstTarget + logits_CV.rows());
        int[] safe = Arrays.stream(own).map(target -> Math.max(target, 0)).toArray();
        int[] counted =
                Arrays.stream(own).map(target -> target == MicroBatch.IGNORED ? 0 : 1).toArray();
        Tensor values_CV = Fp32.of(logits_CV.tensor());
        return new Rows(
                own,
                values_CV,
                values_CV.logsumexp(new long[] {1}, true),
                Indices.onDevice(device, safe).unsqueeze(1),
                Indices.onDevice(device, counted).unsqueeze(1).to(ScalarType.Float));
    }

    private static void bringBack(Rows rows, int firstTarget, Losses losses, double zLoss) {
        Tensor losses_C1 = rows.logSums_C1.sub(rows.logits_CV.gather(1, rows.targets_C1));
        Tensor both_C2 =
                torch.cat(new TensorVector(losses_C1, rows.logSums_C1), 1)
                        .to(new Device("cpu"), ScalarType.Double)
                        .contiguous();
        MemorySegment memory = NativeAddress.segment(both_C2);
        for (int c = 0; c < rows.targets.length; c++) {
            boolean counts = rows.targets[c] != MicroBatch.IGNORED;
            double loss = memory.getAtIndex(JAVA_DOUBLE_UNALIGNED, 2L * c);
            double logSum = memory.getAtIndex(JAVA_DOUBLE_UNALIGNED, 2L * c + 1);
            losses.crossEntropies()[firstTarget + c] = counts ? loss : 0;
            losses.zLosses()[firstTarget + c] = counts && zLoss > 0 ? zLoss * logSum * logSum : 0;
        }
    }
}
