package dev.tanren.plan.planner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.TrainingStage.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MachineTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "flags\t\t: fpu sse2 avx2 avx512f avx512_bf16 | true",
                "flags\t\t: fpu avx512f amx_bf16 amx_tile | true",
                "Features\t: fp asimd bf16 i8mm | true",
                "flags\t\t: fpu sse2 avx avx2 fma | false",
                "flags\t\t: fpu avx512f avx512bw | false",
                "model name\t: a processor with bf16 | false"
            })
    void unitsForBf16AreInTheFlagsOfTheProcessor(String line, boolean units) {
        String cpuInfo = "processor\t: 0\n" + line.replace("\\t", "\t") + "\nbugs\t\t:\n";
        assertThat(Machine.bf16Units(cpuInfo)).isEqualTo(units);
    }

    @Test
    void thisMachineHasMemory() {
        assertThat(Machine.here().memoryBytes()).isPositive();
    }

    @ParameterizedTest
    @CsvSource({
        "cpu, true, should be faster",
        "cpu, false, many times slower",
        "16GB, false, where"
    })
    void bf16IsExplainedByWhatIsKnownOfTheDevice(String name, boolean units, String words) {
        Device device = Device.parse(name, new Machine(1 << 30, units));
        assertThat(PrecisionAdvice.of(Precision.BF16, device)).contains(words, "the first rank");
        assertThat(PrecisionAdvice.of(Precision.FP32, device)).isNull();
    }

    @Test
    void withoutADeviceItDepends() {
        assertThat(PrecisionAdvice.of(Precision.BF16, null)).contains("far slower elsewhere");
    }
}
