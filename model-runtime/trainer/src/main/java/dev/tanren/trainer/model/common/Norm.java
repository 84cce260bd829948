package dev.tanren.trainer.model.common;

/// A normalisation of each row, with its parameters.
///
/// Legend: N places, H hidden, S statistics.
public sealed interface Norm {

    /// How many numbers of each row the backward needs from the forward.
    int statistics();

    /// @param statistics_NS receives what the backward needs
    void forward(Matrix inputs_NH, Matrix outputs_NH, Matrix statistics_NS);

    /// Adds to the inputs' gradient and to those of the parameters.
    void backward(
            Matrix gradient_NH, Matrix inputs_NH, Matrix statistics_NS, Matrix inputGradient_NH);

    /// By the root mean square.
    record Rms(Operators operators, Parameter gain_1H, double epsilon) implements Norm {

        @Override
        public int statistics() {
            return 1;
        }

        @Override
        public void forward(Matrix inputs_NH, Matrix outputs_NH, Matrix inverse_N1) {
            operators.rmsNorm(inputs_NH, gain_1H.weight(), epsilon, outputs_NH, inverse_N1);
        }

        @Override
        public void backward(
                Matrix gradient_NH, Matrix inputs_NH, Matrix inverse_N1, Matrix inputGradient_NH) {
            operators.rmsNormBackward(
                    gradient_NH,
                    inputs_NH,
                    gain_1H.weight(),
                    inverse_N1,
                    inputGradient_NH,
                    gain_1H.gradient());
        }
    }

    /// By mean and deviation, with a bias.
    record Layer(Operators operators, Parameter gain_1H, Parameter bias_1H, double epsilon)
            implements Norm {

        @Override
        public int statistics() {
            return 2;
        }

        @Override
        public void forward(Matrix inputs_NH, Matrix outputs_NH, Matrix statistics_N2) {
            operators.layerNorm(
                    inputs_NH,
                    gain_1H.weight(),
                    bias_1H.weight(),
                    epsilon,
                    outputs_NH,
                    statistics_N2);
        }

        @Override
        public void backward(
                Matrix gradient_NH,
                Matrix inputs_NH,
                Matrix statistics_N2,
                Matrix inputGradient_NH) {
            operators.layerNormBackward(
                    gradient_NH,
                    inputs_NH,
                    gain_1H.weight(),
                    statistics_N2,
                    inputGradient_NH,
                    gain_1H.gradient(),
                    bias_1H.gradient());
        }
    }
}
