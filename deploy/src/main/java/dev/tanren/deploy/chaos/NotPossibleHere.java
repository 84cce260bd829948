package dev.tanren.deploy.chaos;

/// A fault that cannot be injected on this machine, or not by this user. The experiment is not
/// made, and says nothing of what would hold.
final class NotPossibleHere extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /// @param why in one sentence without a full stop
    NotPossibleHere(String why) {
        super(why);
    }
}
