package dev.tanren.plan.family;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.family.ModelParameter.Initialisation;
import dev.tanren.plan.family.ModelParameter.Part;
import dev.tanren.plan.family.ModelParameter.Role;
import dev.tanren.plan.family.ModelParameter.Split;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What must hold of every family, the next one too.
class DecoderFamilyTest {

    private static final int LAYERS = 3;
    private static final int HEADS = 4;

    private static Architecture shape(Family family, boolean tied) {
        int keyValueHeads = DecoderFamily.of(family).groupsQueries() ? 2 : HEADS;
        return new Architecture(
                family, 96, 32, LAYERS, HEADS, keyValueHeads, 48, null, tied, 1e4, 1e-5, 64);
    }

    private static List<ModelParameter> parameters(Family family, boolean tied) {
        Architecture shape = shape(family, tied);
        return DecoderFamily.of(shape).parameters(shape);
    }

    @ParameterizedTest
    @EnumSource
    void itIsFoundByItsNameInPlansAndModels(Family family) {
        DecoderFamily decoder = DecoderFamily.of(family);
        assertThat(decoder.family()).isEqualTo(family);
        assertThat(DecoderFamily.named(decoder.modelType())).containsSame(decoder);
    }

    @ParameterizedTest
    @EnumSource
    void noNameIsThereTwiceAndATiedHeadIsTheEmbedding(Family family) {
        List<ModelParameter> own = parameters(family, false);
        assertThat(own).extracting(ModelParameter::name).doesNotHaveDuplicates();
        assertThat(own.getFirst().part()).isEqualTo(Part.EMBEDDING);
        assertThat(own.getFirst().shape()).isEqualTo(List.of(96L, 32L));
        List<ModelParameter> tied = parameters(family, true);
        assertThat(own).startsWith(tied.toArray(ModelParameter[]::new)).hasSize(tied.size() + 1);
        assertThat(own.getLast().role()).isEqualTo(Role.HEAD);
    }

    /// One matrix product serves them, so they must follow each other and have one width.
    @ParameterizedTest
    @EnumSource
    void whatIsStackedLiesSideBySide(Family family) {
        List<ModelParameter> all = parameters(family, false);
        Set<String> stacks =
                all.stream()
                        .map(ModelParameter::stack)
                        .filter(Objects::nonNull)
                        .collect(Collectors.toSet());
        for (String stack : stacks) {
            List<Integer> places =
                    all.stream()
                            .filter(parameter -> stack.equals(parameter.stack()))
                            .map(all::indexOf)
                            .toList();
            assertThat(places.getLast() - places.getFirst()).isEqualTo(places.size() - 1);
            assertThat(places)
                    .extracting(
                            place ->
                                    all.get(place)
                                            .shape()
                                            .subList(1, all.get(place).shape().size()))
                    .containsOnly(
                            all.get(places.getFirst())
                                    .shape()
                                    .subList(1, all.get(places.getFirst()).shape().size()));
        }
    }

    /// As the residual stream is whole everywhere, each layer has two projections that are cut by
    /// their inputs and two kinds that are cut by their outputs; nothing else of a layer is a
    /// matrix.
    @ParameterizedTest
    @EnumSource
    void tensorParallelismCutsEveryMatrixByHeadsOrByTheInnerWidth(Family family) {
        for (ModelParameter parameter : parameters(family, false)) {
            Split split = parameter.split();
            if (parameter.role() == Role.MATRIX || parameter.part() == Part.HEAD) {
                assertThat(split).as(parameter.name()).isNotNull();
            }
            if (parameter.part() == Part.NORMS || parameter.part() == Part.POSITIONS) {
                assertThat(split).as(parameter.name()).isNull();
            }
            if (split != null) {
                assertThat(split.sections())
                        .as(parameter.name())
                        .allSatisfy(size -> assertThat(size % 2).isZero());
                assertThat(split.sections().stream().mapToLong(size -> size).sum())
                        .as(parameter.name())
                        .isEqualTo(parameter.shape().get(split.axis()));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void twoProjectionsOfALayerWriteIntoTheStreamAndBiasesBeginAtZeroAndGainsAtOne(Family family) {
        List<ModelParameter> all = parameters(family, false);
        assertThat(all)
                .filteredOn(it -> it.initialisation() == Initialisation.RESIDUAL)
                .hasSize(2 * LAYERS)
                .allSatisfy(it -> assertThat(it.shape()).contains(32L));
        assertThat(all)
                .allSatisfy(
                        it -> {
                            assertThat(it.vector()).isEqualTo(it.shape().size() == 1);
                            assertThat(it.initialisation() == Initialisation.ONES)
                                    .isEqualTo(it.role() == Role.NORM);
                            assertThat(it.initialisation() == Initialisation.ZEROS)
                                    .isEqualTo(it.role() == Role.BIAS);
                        });
    }
}
