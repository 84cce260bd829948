package dev.tanren.activities.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MemoryLedgerTest {

    private final MemoryLedger ledger = new MemoryLedger(100);

    @Test
    void promisesAddUpToNoMoreThanThereIs() throws Exception {
        MemoryLedger.Grant first = ledger.ask(60);
        MemoryLedger.Grant second = ledger.ask(60);

        assertThat(held(first)).isTrue();
        assertThat(held(second)).isFalse();
        assertThat(ledger.freeBytes()).isEqualTo(40);

        first.close();

        assertThat(held(second)).isTrue();
        assertThat(ledger.promisedBytes()).isEqualTo(60);
    }

    @Test
    void whoAsksForMuchIsNotPassedByThoseWhoAskForLittleAfterIt() throws Exception {
        MemoryLedger.Grant first = ledger.ask(60);
        MemoryLedger.Grant large = ledger.ask(90);
        MemoryLedger.Grant small = ledger.ask(10);

        assertThat(held(small)).isFalse();
        first.close();

        assertThat(held(large)).isTrue();
        assertThat(held(small)).isTrue();
    }

    @Test
    void whoGivesUpMakesWayForThoseBehindIt() throws Exception {
        MemoryLedger.Grant first = ledger.ask(60);
        MemoryLedger.Grant large = ledger.ask(90);
        MemoryLedger.Grant small = ledger.ask(10);

        large.close();

        assertThat(held(small)).isTrue();
        assertThat(held(large)).isFalse();
        first.close();
        assertThat(ledger.promisedBytes()).isEqualTo(10);
    }

    @Test
    void whoAsksForMoreThanThereIsGetsAllOfItAlone() throws Exception {
        MemoryLedger.Grant first = ledger.ask(10);
        MemoryLedger.Grant larger = ledger.ask(1_000);
        assertThat(held(larger)).isFalse();

        first.close();

        assertThat(held(larger)).isTrue();
        assertThat(larger.bytes()).isEqualTo(100);
        assertThat(larger.isWhole()).isTrue();
    }

    @Test
    void aPromiseGrowsByWhatIsFreeAndNoMore() {
        MemoryLedger.Grant first = ledger.ask(60);
        MemoryLedger.Grant second = ledger.ask(20);

        assertThat(second.growTo(50)).isFalse();
        assertThat(second.growTo(40)).isTrue();
        assertThat(ledger.freeBytes()).isZero();

        second.close();
        assertThat(ledger.freeBytes()).isEqualTo(40);
        first.close();
        first.close();
        assertThat(ledger.freeBytes()).isEqualTo(100);
    }

    @Test
    void manyThatComeAndGoAtOnceNeverHaveMoreThanThereIsAndAllHaveTheirTurn() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed of the ledger's crowd: " + seed);
        AtomicLong taken = new AtomicLong();
        AtomicLong most = new AtomicLong();
        List<Future<Integer>> crowd = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int member = 0; member < 16; member++) {
                Random random = new Random(seed + member);
                crowd.add(threads.submit(() -> comeAndGo(random, taken, most)));
            }
            for (Future<Integer> member : crowd) {
                assertThat(member.get()).isEqualTo(50);
            }
        }
        assertThat(most.get()).isBetween(51L, 100L);
        assertThat(ledger.promisedBytes()).isZero();
    }

    private int comeAndGo(Random random, AtomicLong taken, AtomicLong most) throws Exception {
        int turns = 0;
        while (turns < 50) {
            try (MemoryLedger.Grant grant = ledger.ask(1 + random.nextInt(100))) {
                if (random.nextInt(5) == 0) {
                    continue;
                }
                while (!grant.await(Duration.ofMillis(50))) {
                    // Its turn comes.
                }
                long now = taken.addAndGet(grant.bytes());
                most.accumulateAndGet(now, Math::max);
                taken.addAndGet(-grant.bytes());
                turns++;
            }
        }
        return turns;
    }

    private static boolean held(MemoryLedger.Grant grant) throws InterruptedException {
        return grant.await(Duration.ZERO);
    }
}
