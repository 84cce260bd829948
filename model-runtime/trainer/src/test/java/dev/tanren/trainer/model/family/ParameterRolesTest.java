package dev.tanren.trainer.model.family;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.family.ModelParameter.Role;
import dev.tanren.trainer.parameters.ParameterLayout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParameterRolesTest {

    /// Muon must not orthogonalise an embedding, whichever family it belongs to.
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void matricesOverTheVocabularyAreEmbeddingOrHeadAndNoOtherIs(boolean tied) {
        for (Architecture.Family family : Architecture.Family.values()) {
            Architecture architecture =
                    new Architecture(family, 100, 32, 2, 4, 4, 48, null, tied, 10_000, 1e-5, 64);
            for (ParameterLayout.Entry entry : ParameterLayout.of(architecture).entries()) {
                boolean vocabulary = entry.shape()[0] == 100 && entry.shape().length == 2;
                boolean matrix = entry.shape().length == 2;
                assertThat(entry.role() == Role.EMBEDDING || entry.role() == Role.HEAD)
                        .as("%s %s", family, entry)
                        .isEqualTo(vocabulary || entry.name().contains("wpe"));
                assertThat(entry.vector()).as("%s %s", family, entry).isEqualTo(!matrix);
            }
        }
    }
}
