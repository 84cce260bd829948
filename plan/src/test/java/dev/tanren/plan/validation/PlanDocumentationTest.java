package dev.tanren.plan.validation;

import dev.tanren.plan.GeneratedDocument;
import org.junit.jupiter.api.Test;

class PlanDocumentationTest {

    @Test
    void theCommittedReferenceOfPlansIsThatOfTheCode() throws Exception {
        GeneratedDocument.assertCommitted("plan.md", PlanDocumentation.markdown());
    }
}
