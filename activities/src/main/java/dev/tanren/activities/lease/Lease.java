package dev.tanren.activities.lease;

/// The right to go on with an activity, kept by beating.
public interface Lease {

    enum State {
        HELD,
        /// Somebody wants the work to end in good order.
        CANCELLED,
        /// The work belongs to nobody any more, or to another worker: stop at once, commit nothing.
        LOST,
        /// The worker itself ends: save what can be saved in the time that is left.
        DRAINING,
        /// Temporal was not heard of for so long that it gives, or will give, the work to another:
        /// save what can be saved before that, and end. Fencing decides whether it counts.
        UNHEARD;

        /// Whether what is not saved within seconds is saved in vain.
        public boolean hurries() {
            return this == DRAINING || this == UNHEARD;
        }
    }

    State state();

    /// Tells how far the work is, for people; kept nowhere.
    void progress(long step);
}
