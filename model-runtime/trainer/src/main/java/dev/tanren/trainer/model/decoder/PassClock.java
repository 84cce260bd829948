package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Operators;

/// How long passes computed forward and backward, in seconds of wall time.
///
/// What a head does for gradients counts as backward, though its forward does it. A device is
/// waited for where one ends and the other begins.
public final class PassClock {

    private final Operators operators;
    private long forward;
    private long backward;
    private long since;
    private Now now = Now.STOPPED;

    private enum Now {
        STOPPED,
        FORWARD,
        BACKWARD
    }

    PassClock(Operators operators) {
        this.operators = operators;
    }

    void forward() {
        turn(Now.FORWARD);
    }

    void backward() {
        turn(Now.BACKWARD);
    }

    void stop() {
        turn(Now.STOPPED);
    }

    private void turn(Now to) {
        if (to == now) {
            return;
        }
        operators.await();
        long time = System.nanoTime();
        switch (now) {
            case STOPPED -> {}
            case FORWARD -> forward += time - since;
            case BACKWARD -> backward += time - since;
        }
        since = time;
        now = to;
    }

    public double forwardSeconds() {
        return forward / 1e9;
    }

    public double backwardSeconds() {
        return backward / 1e9;
    }

    /// Counts from 0 again.
    public void reset() {
        forward = 0;
        backward = 0;
    }
}
