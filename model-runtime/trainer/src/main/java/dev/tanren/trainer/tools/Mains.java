package dev.tanren.trainer.tools;

import dev.tanren.plan.error.TanrenException;

/// How a program of this package ends: a coded error is one line on standard error and status 1.
public final class Mains {

    private Mains() {}

    public static void run(Runnable program) {
        try {
            program.run();
        } catch (TanrenException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
