package dev.tanren.activities.worker;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.workflows.failure.Failures;
import io.temporal.client.ActivityCompletionException;
import io.temporal.common.interceptors.ActivityInboundCallsInterceptor;
import io.temporal.common.interceptors.ActivityInboundCallsInterceptorBase;
import io.temporal.common.interceptors.WorkerInterceptorBase;
import io.temporal.failure.TemporalFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Turns whatever an activity throws into a coded failure, so that workflows and Temporal's retries
/// see classes of failures and never a bare exception.
final class CodedFailures extends WorkerInterceptorBase {

    private static final Logger LOG = LoggerFactory.getLogger(CodedFailures.class);

    @Override
    public ActivityInboundCallsInterceptor interceptActivity(ActivityInboundCallsInterceptor next) {
        return new ActivityInboundCallsInterceptorBase(next) {
            @Override
            public ActivityOutput execute(ActivityInput input) {
                try {
                    return super.execute(input);
                } catch (TemporalFailure | ActivityCompletionException e) {
                    throw e;
                } catch (TanrenException e) {
                    LOG.warn("activity failed: {}", e.getMessage());
                    throw Failures.ofActivity(e);
                } catch (RuntimeException e) {
                    LOG.error("activity failed unexpectedly", e);
                    throw Failures.ofActivity(unexpected(e));
                }
            }
        };
    }

    private static TanrenException unexpected(RuntimeException e) {
        return new TanrenException(
                ErrorCode.INTERNAL,
                "unexpected " + e.getClass().getSimpleName() + ": " + e.getMessage(),
                "worker",
                "look at the worker's log and report it",
                e);
    }
}
