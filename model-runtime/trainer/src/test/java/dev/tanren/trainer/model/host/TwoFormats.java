package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.model.common.Matrices;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.parameters.Bfloat16;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.LayoutBuilder;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/// What tests of operators on bf16 memory share with those of the same operators on fp32 memory:
/// the same random weights, and matrices of either format.
abstract class TwoFormats {

    /// More than a block of rows, and more columns than one tile of the conversion.
    static final int ROWS = 70;

    static final int WIDTH = 1040;

    private final PointerScope scope = new PointerScope();
    final Matrices matrices = new Matrices();
    private final Random random = new Random(3);
    final ParameterLayout layout =
            new LayoutBuilder()
                    .add("gain", WIDTH)
                    .add("bias", WIDTH)
                    .add("query", 8)
                    .add("key", 8)
                    .add("outputs", 24)
                    .add("wide", 24, WIDTH)
                    .add("tall", WIDTH, 24)
                    .build();
    private final FlatBuffer weights = FlatBuffer.allocate(layout);

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @BeforeEach
    void fill() {
        for (long i = 0; i < layout.elements(); i++) {
            weights.segment().setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
    }

    @AfterEach
    void free() {
        matrices.close();
        weights.close();
        scope.close();
    }

    /// The parameters of one format, with gradients of their own.
    final class Model implements AutoCloseable {
        final Format format;
        final ParameterSet parameters;
        final FlatBuffer gradients = FlatBuffer.allocate(layout);

        Model(Format format) {
            this.format = format;
            parameters = new ParameterSet(layout, format, new HostOperators());
        }

        Parameter get(String name) {
            return parameters.get(name);
        }

        void bind() {
            parameters.useWeights(weights);
            parameters.useGradients(gradients);
            parameters.refresh();
        }

        Matrix matrix(int rows, int columns) {
            return matrices.make(format, rows, columns);
        }

        Matrix statistics(int columns) {
            return matrices.make(Format.FLOAT32, ROWS, columns);
        }

        /// Random numbers that bf16 has, the same for both formats and each seed.
        Matrix random(int columns, long seed) {
            Matrix matrix = matrix(ROWS, columns);
            Random numbers = new Random(seed);
            float[] row = new float[columns];
            for (int n = 0; n < ROWS; n++) {
                for (int i = 0; i < columns; i++) {
                    row[i] = Bfloat16.widen(Bfloat16.round((float) numbers.nextGaussian()));
                }
                Rows.write(row, matrix, n);
            }
            return matrix;
        }

        float[] gradients() {
            return gradients.segment().toArray(JAVA_FLOAT);
        }

        @Override
        public void close() {
            parameters.close();
            gradients.close();
        }
    }

    static float[] numbers(Matrix matrix) {
        float[] all = new float[matrix.rows() * matrix.columns()];
        float[] row = new float[matrix.columns()];
        for (int n = 0; n < matrix.rows(); n++) {
            Rows.read(matrix, n, row);
            System.arraycopy(row, 0, all, n * row.length, row.length);
        }
        return all;
    }
}
