package dev.tanren.deploy.chaos;

/// A fault on a running stack with real parts, and what must hold after it.
///
/// @param number from 1 to 25, as people call it
/// @param passesWhen in words, what makes it pass
/// @param equipment what the stack needs
/// @param minutes about how long it takes on two cores
public record Experiment(
        int number,
        String fault,
        String passesWhen,
        Equipment equipment,
        double minutes,
        Procedure procedure) {

    /// @param workers how many the stack needs, beside nothing out of the ordinary
    Experiment(
            int number,
            String fault,
            String passesWhen,
            int workers,
            double minutes,
            Procedure procedure) {
        this(number, fault, passesWhen, Equipment.of(workers), minutes, procedure);
    }

    @FunctionalInterface
    interface Procedure {
        /// @throws NotPossibleHere where the machine does not let the fault be injected
        void run(Laboratory laboratory, Findings findings) throws InterruptedException;
    }
}
