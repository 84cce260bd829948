package dev.tanren.deploy.chaos;

/// A fault, and what must hold after it.
public sealed interface Experiment {

    /// From 1 to 25, as people call it.
    int number();

    String fault();

    /// In words, what makes it pass.
    String passesWhen();

    /// On a running stack with real parts.
    ///
    /// @param equipment what the stack needs
    /// @param minutes about how long it takes on two cores
    record OnStack(
            int number,
            String fault,
            String passesWhen,
            Equipment equipment,
            double minutes,
            Procedure procedure)
            implements Experiment {

        /// @param workers how many the stack needs, beside nothing out of the ordinary
        OnStack(
                int number,
                String fault,
                String passesWhen,
                int workers,
                double minutes,
                Procedure procedure) {
            this(number, fault, passesWhen, Equipment.of(workers), minutes, procedure);
        }
    }

    /// One whose fault is between two calls, in a file's bytes or in a disk: it is injected where
    /// that can be done at will, by a test.
    ///
    /// @param tests names of the classes, which `./tanren test` runs
    record InTests(int number, String fault, String passesWhen, String tests)
            implements Experiment {}

    /// One that Tanren does not survive by anything of its own yet.
    record NotYet(int number, String fault, String passesWhen) implements Experiment {}

    @FunctionalInterface
    interface Procedure {
        void run(Laboratory laboratory, Findings findings) throws InterruptedException;
    }
}
