package dev.tanren.activities.worker;

import dev.tanren.launch.DjlSettings;
import dev.tanren.plan.error.TanrenException;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The worker of one machine: runs workflows and activities until SIGTERM.
///
/// On SIGTERM its ranks save and end as preempted, within the grace period; another worker, or this
/// one started again, goes on from there.
public final class WorkerMain {

    private static final Logger LOG = LoggerFactory.getLogger(WorkerMain.class);
    private static final int MISCONFIGURED = 78;

    private WorkerMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        Map<String, String> environment = System.getenv();
        WorkerSettings settings;
        try {
            settings = WorkerSettings.from(environment);
        } catch (TanrenException e) {
            LOG.error("{}", e.getMessage());
            System.exit(MISCONFIGURED);
            return;
        }
        DjlSettings.apply(environment);
        CountDownLatch ended = new CountDownLatch(1);
        TanrenWorker worker = TanrenWorker.start(settings, environment);
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform()
                                .name("shutdown")
                                .unstarted(
                                        () -> {
                                            worker.close();
                                            ended.countDown();
                                        }));
        LOG.info("worker {} takes work from {}", worker.id(), settings.temporal().address());
        ended.await();
    }
}
