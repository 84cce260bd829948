package dev.tanren.workflows.payload;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.conditions.ArchConditions;
import io.temporal.activity.ActivityInterface;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.UpdateMethod;
import io.temporal.workflow.WorkflowMethod;
import org.junit.jupiter.api.Test;

/// What has no payload is sealed by nothing, and anyone could send it.
class EverythingIsSealedTest {

    private static final DescribedPredicate<JavaMethod> WITH_A_PARAMETER =
            DescribedPredicate.describe(
                    "with a parameter", method -> !method.getRawParameterTypes().isEmpty());

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("dev.tanren.workflows");

    @Test
    void everyActivityAndEveryWorkflowAnswersWithARecord() {
        methods()
                .that()
                .areDeclaredInClassesThat()
                .areAnnotatedWith(ActivityInterface.class)
                .and()
                .areNotStatic()
                .should()
                .notHaveRawReturnType(void.class)
                .andShould()
                .notHaveRawReturnType(String.class)
                .check(CLASSES);
        methods()
                .that()
                .areAnnotatedWith(WorkflowMethod.class)
                .should()
                .notHaveRawReturnType(void.class)
                .check(CLASSES);
    }

    @Test
    void everySignalAndEveryUpdateSaysSomething() {
        methods()
                .that()
                .areAnnotatedWith(SignalMethod.class)
                .or()
                .areAnnotatedWith(UpdateMethod.class)
                .should(ArchConditions.be(WITH_A_PARAMETER))
                .check(CLASSES);
    }
}
