package dev.tanren.activities.gang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.temporal.worker.tuning.ActivitySlotInfo;
import io.temporal.worker.tuning.SlotPermit;
import io.temporal.worker.tuning.SlotReleaseContext;
import io.temporal.worker.tuning.SlotReleaseReason;
import io.temporal.worker.tuning.SlotReserveContext;
import io.temporal.worker.tuning.SlotSupplier;
import io.temporal.worker.tuning.SlotSupplierFuture;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GangSlotsTest {

    private final GangSlots slots = new GangSlots(2);
    private final SlotSupplier<ActivitySlotInfo> shared = slots.forSharedQueue();

    @Test
    void theSharedQueueIsPolledForAsManyGangsAsThereAreSlots() throws Exception {
        SlotSupplierFuture first = poll();
        assertThat(first).isDone();
        assertThat(poll()).isDone();
        SlotSupplierFuture third = poll();
        assertThat(third).isNotDone();
        assertThat(shared.tryReserveSlot(new Reserve())).isEmpty();

        release(first);

        assertThat(third).isDone();
    }

    @Test
    void aGangOfTheOwnQueueKeepsAPollOfTheSharedOneBack() throws Exception {
        GangSlots.Slot own = slots.take(true);
        assertThat(poll()).isDone();
        SlotSupplierFuture second = poll();
        assertThat(second).isNotDone();

        own.close();

        assertThat(second).isDone();
    }

    @Test
    void pollsThatWaitDoNotKeepTheOwnQueueBackAndNoMoreGangsRunThanThereAreSlots()
            throws Exception {
        assertThat(poll()).isDone();
        assertThat(poll()).isDone();
        slots.take(true);
        GangSlots.Slot ofThePoll = slots.take(false);

        assertThatThrownBy(() -> slots.take(false))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        thrown -> assertThat(thrown.code()).isEqualTo(ErrorCode.WORKER_FULL));
        assertThatThrownBy(() -> slots.take(true)).isInstanceOf(TanrenException.class);

        ofThePoll.close();
        slots.take(true);
    }

    @Test
    void aPollThatIsGivenUpTakesNoSlot() throws Exception {
        SlotSupplierFuture first = poll();
        assertThat(poll()).isDone();
        SlotSupplierFuture givenUp = poll();
        SlotSupplierFuture patient = poll();
        assertThat(givenUp.abortReservation()).isNull();

        release(first);

        assertThat(patient).isDone();
    }

    private SlotSupplierFuture poll() throws Exception {
        return shared.reserveSlot(new Reserve());
    }

    private void release(SlotSupplierFuture polled) {
        shared.releaseSlot(new Release(polled.join()));
    }

    private record Release(SlotPermit permit) implements SlotReleaseContext<ActivitySlotInfo> {
        @Override
        public SlotReleaseReason getSlotReleaseReason() {
            return SlotReleaseReason.taskComplete();
        }

        @Override
        public SlotPermit getSlotPermit() {
            return permit;
        }

        @Override
        public @Nullable ActivitySlotInfo getSlotInfo() {
            return null;
        }
    }

    private static final class Reserve implements SlotReserveContext<ActivitySlotInfo> {
        @Override
        public String getTaskQueue() {
            return "gangs";
        }

        @Override
        public Map<SlotPermit, ActivitySlotInfo> getUsedSlots() {
            return Map.of();
        }

        @Override
        public String getWorkerIdentity() {
            return "worker";
        }

        @Override
        public String getWorkerBuildId() {
            return "1";
        }

        @Override
        public int getNumIssuedSlots() {
            return 0;
        }
    }
}
