package dev.tanren.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.stack.ProcessIdentity;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.json.Json;
import java.util.Locale;

/// The stack's status as the command line shows it: what the supervisor wrote, put right by which
/// processes live.
final class StatusView {

    /// Phase of a stack whose supervisor was killed while parts of it live.
    static final String UNSUPERVISED = "unsupervised";

    private StatusView() {}

    static ObjectNode of(TanrenHome home, StackStatus status) {
        boolean supervised = status.supervisor().alive();
        ObjectNode view = Json.mapper().createObjectNode();
        view.put("running", supervised && status.phase() == StackStatus.Phase.RUNNING);
        view.put("phase", phase(status, supervised));
        view.put("console", status.console());
        view.put("tokenFile", home.adminToken().toString());
        view.put("home", home.folder().toString());
        view.put("supervisorPid", supervised ? status.supervisor().pid() : null);
        view.set("fileRoots", Json.mapper().valueToTree(status.fileRoots()));
        for (StackStatus.Part part : status.parts()) {
            ProcessIdentity process = part.process();
            boolean alive = process != null && process.alive();
            view.withArrayProperty("parts")
                    .addObject()
                    .put("name", part.name())
                    .put("state", StackProgress.word(part.state()))
                    .put("pid", alive && process != null ? process.pid() : null)
                    .put("port", part.port())
                    .put("since", part.since())
                    .put("restarts", part.restarts())
                    .put("healthy", alive && part.healthy())
                    .put("detail", part.detail())
                    .put("log", part.log());
        }
        return view;
    }

    private static String phase(StackStatus status, boolean supervised) {
        boolean over =
                status.phase() == StackStatus.Phase.STOPPED
                        || status.phase() == StackStatus.Phase.FAILED;
        if (!supervised && !over) {
            boolean any =
                    status.parts().stream()
                            .map(StackStatus.Part::process)
                            .anyMatch(process -> process != null && process.alive());
            return any ? UNSUPERVISED : "stopped";
        }
        return status.phase().name().toLowerCase(Locale.ROOT);
    }
}
