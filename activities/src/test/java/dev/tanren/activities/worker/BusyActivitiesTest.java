package dev.tanren.activities.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.workflows.activity.AttemptActivities;
import dev.tanren.workflows.activity.DatasetActivities;
import dev.tanren.workflows.activity.EvaluateActivities;
import dev.tanren.workflows.activity.ExportActivities;
import dev.tanren.workflows.activity.GangActivities;
import dev.tanren.workflows.activity.ModelActivities;
import io.temporal.activity.ActivityInterface;
import io.temporal.common.metadata.POJOActivityInterfaceMetadata;
import java.util.List;
import org.junit.jupiter.api.Test;

class BusyActivitiesTest {

    @Test
    void everyKindOfWorkHasWordsOfItsOwn() {
        for (Class<?> type :
                List.of(
                        ModelActivities.class,
                        DatasetActivities.class,
                        AttemptActivities.class,
                        GangActivities.class,
                        ExportActivities.class,
                        EvaluateActivities.class)) {
            assertThat(type).hasAnnotation(ActivityInterface.class);
            assertThat(POJOActivityInterfaceMetadata.newInstance(type).getMethodsMetadata())
                    .isNotEmpty()
                    .allSatisfy(
                            method ->
                                    assertThat(
                                                    BusyActivities.inWords(
                                                            method.getActivityTypeName(), "run/r"))
                                            .isNotEqualTo("recording of run/r"));
        }
        assertThat(BusyActivities.inWords("GangTrain", "run/r/adapt"))
                .isEqualTo("training run/r/adapt");
    }
}
