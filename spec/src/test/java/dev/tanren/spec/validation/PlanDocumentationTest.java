package dev.tanren.spec.validation;

import dev.tanren.spec.GeneratedDocument;
import org.junit.jupiter.api.Test;

class PlanDocumentationTest {

    @Test
    void theCommittedReferenceOfPlansIsThatOfTheCode() throws Exception {
        GeneratedDocument.assertCommitted("plan.md", PlanDocumentation.markdown());
    }
}
