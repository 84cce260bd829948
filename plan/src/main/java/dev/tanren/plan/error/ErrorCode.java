package dev.tanren.plan.error;

import java.util.EnumSet;
import java.util.Set;

/// Every error that Tanren reports, by the stable code that people search for and scripts match on.
///
/// A code is never reused for another meaning. `docs/errors.md` lists them with their mends.
public enum ErrorCode {
    PLAN_SYNTAX(
            "TNR-1001",
            FailureClass.CONFIGURATION,
            "Mend the YAML or JSON at the line and column that are named."),
    PLAN_UNKNOWN_KEY(
            "TNR-1002",
            FailureClass.CONFIGURATION,
            "Correct the key; the nearest known one is named."),
    PLAN_MISSING_KEY(
            "TNR-1003", FailureClass.CONFIGURATION, "Add the key; docs/plan.md describes it."),
    PLAN_WRONG_TYPE(
            "TNR-1004", FailureClass.CONFIGURATION, "Write a value of the kind that is named."),
    PLAN_VALUE(
            "TNR-1005",
            FailureClass.CONFIGURATION,
            "Choose a value of the range or list that is named."),
    PLAN_REFERENCE(
            "TNR-1006",
            FailureClass.CONFIGURATION,
            "Name a dataset, tier or stage that the plan has."),
    PLAN_DUPLICATE("TNR-1007", FailureClass.CONFIGURATION, "Keep one of the two."),
    PLAN_NOT_YET_SUPPORTED(
            "TNR-1008",
            FailureClass.CONFIGURATION,
            "Use one of the values that work now; they are named."),
    PLAN_INVALID(
            "TNR-1009",
            FailureClass.CONFIGURATION,
            "Mend every problem that is listed, and validate again."),
    PLAN_INCONSISTENT(
            "TNR-1010",
            FailureClass.CONFIGURATION,
            "Change one of the settings that contradict each other; values that fit are named."),
    PLAN_ADVICE(
            "TNR-1011",
            FailureClass.CONFIGURATION,
            "Nothing must be done: the plan is valid, but seldom meant so."),

    SOURCE_MISSING("TNR-2001", FailureClass.DATA, "Correct the address, or put the file there."),
    SOURCE_UNREADABLE(
            "TNR-2002",
            FailureClass.DATA,
            "Check the permissions and the format of the file that is named."),
    SOURCE_EMPTY(
            "TNR-2003",
            FailureClass.DATA,
            "Point the source at files with text, or widen its include pattern."),
    TOKENIZER_UNREADABLE("TNR-2004", FailureClass.DATA, "Give a Hugging Face tokenizer.json."),
    TOKENIZER_MISMATCH(
            "TNR-2005",
            FailureClass.DATA,
            "Use the tokenizer that the model was made with, or a larger vocabSize."),
    TOKEN_SHARD_CORRUPT(
            "TNR-2006",
            FailureClass.DATA,
            "Prepare the dataset again; the damaged shard is named."),
    DATASET_TOO_SMALL(
            "TNR-2007",
            FailureClass.DATA,
            "Add documents, shorten the sequences, or lower the holdout."),
    PREPARED_GONE(
            "TNR-2010",
            FailureClass.DATA,
            "Put the sources back as they were when the run began, or submit the plan as a new run."),

    MODEL_MISSING("TNR-3001", FailureClass.DATA, "Correct the address of the model."),
    MODEL_UNSUPPORTED(
            "TNR-3002",
            FailureClass.CONFIGURATION,
            "Choose a model of a supported family without the setting that is named."),
    MODEL_TENSOR_MISMATCH(
            "TNR-3003", FailureClass.DATA, "Use weights that belong to this config.json."),
    SAFETENSORS_CORRUPT(
            "TNR-3004", FailureClass.DATA, "Fetch the file again from where it came from."),
    PICKLE_REFUSED(
            "TNR-3005",
            FailureClass.DATA,
            "Convert the weights to safetensors; pickled files can run code and are never read."),
    MODEL_CONFIGURATION(
            "TNR-3006",
            FailureClass.DATA,
            "Give the complete config.json of a Hugging Face model."),
    MODEL_NOT_FINITE(
            "TNR-3007",
            FailureClass.DATA,
            "Fetch the weights again, or take a model whose weights are all numbers."),

    HUB_NOT_ALLOWED(
            "TNR-3101",
            FailureClass.CONFIGURATION,
            "Start the workers with a TANREN_HUB_ENDPOINT, or fetch the model and name its folder."),
    HUB_DENIED(
            "TNR-3102",
            FailureClass.CONFIGURATION,
            "Accept the model's terms on the Hub, and give the workers a TANREN_HUB_TOKEN that may"
                    + " read it."),
    HUB_UNREACHABLE(
            "TNR-3103",
            FailureClass.STORAGE,
            "Check the network to the Hub; the work is tried again by itself."),
    HUB_CORRUPT(
            "TNR-3104",
            FailureClass.STORAGE,
            "Check the Hub or mirror: what it sent is not what it announced."),
    HUB_REDIRECT(
            "TNR-3105",
            FailureClass.CONFIGURATION,
            "Name the Hub or mirror itself in TANREN_HUB_ENDPOINT; it led somewhere that is refused."),

    STORE_UNREACHABLE(
            "TNR-4001",
            FailureClass.STORAGE,
            "Check the object store and its address; the work is tried again by itself."),
    STORE_REFUSED(
            "TNR-4002",
            FailureClass.CONFIGURATION,
            "Check the access key and its rights on bucket and prefix."),
    STORE_FULL(
            "TNR-4003",
            FailureClass.STORAGE,
            "Free space in the object store; a run that has ended for it is then retried."),
    OBJECT_MISSING(
            "TNR-4004",
            FailureClass.STORAGE,
            "Restore the object, or resume from an earlier checkpoint."),
    OBJECT_CORRUPT(
            "TNR-4005", FailureClass.STORAGE, "Restore the object; its checksum did not match."),
    OBJECT_EXISTS(
            "TNR-4006",
            FailureClass.STORAGE,
            "Nothing is overwritten: choose another name, or remove the object first."),
    STORE_DEADLINE(
            "TNR-4007",
            FailureClass.STORAGE,
            "Check the network to the object store; the work is tried again by itself."),
    DATABASE_UNREACHABLE(
            "TNR-4101",
            FailureClass.STORAGE,
            "Check PostgreSQL and its address; the work is tried again by itself."),
    DATABASE_FULL(
            "TNR-4102",
            FailureClass.STORAGE,
            "Free space on the disk of the database, then resume the run."),
    CHECKPOINT_STALE_ATTEMPT(
            "TNR-4201",
            FailureClass.PREEMPTED,
            "Nothing must be done: a newer attempt owns the stage."),
    CHECKPOINT_NONE_VALID(
            "TNR-4202",
            FailureClass.DATA,
            "Restore the objects of a checkpoint, verify it (./tanren checkpoint verify) and retry, or"
                    + " submit the plan as a new run."),
    CHECKPOINT_OTHER_PLAN(
            "TNR-4203",
            FailureClass.CONFIGURATION,
            "Resume with the optimizer and averaging that the checkpoint was made with."),
    AVERAGE_MISSING(
            "TNR-4204",
            FailureClass.CONFIGURATION,
            "Export the trained weights, or train with averaging."),
    CHECKPOINT_OTHER_INPUTS(
            "TNR-4210",
            FailureClass.DATA,
            "Put data, tokenizer or base back as they were when the run began, or submit the plan as a new run."),
    SCRATCH_FULL(
            "TNR-4301",
            FailureClass.STORAGE,
            "Free space in the scratch folder of the worker, then resume the run."),

    RANK_CRASHED(
            "TNR-5001",
            FailureClass.RANK_CRASHED,
            "Read the log of the rank; the run resumes from the last checkpoint by itself."),
    RANK_PREEMPTED(
            "TNR-5002",
            FailureClass.PREEMPTED,
            "Nothing must be done: the run resumes on another worker."),
    RANK_HUNG(
            "TNR-5003",
            FailureClass.HUNG,
            "Read the stacks in the log of the rank; where a healthy rank is silent for so long,"
                    + " set watchdog.silence of the stage."),
    RANK_OUT_OF_MEMORY(
            "TNR-5004",
            FailureClass.OUT_OF_MEMORY,
            "Lower microBatch or sequenceLength, or give the rank more memory."),
    RANK_LAUNCH(
            "TNR-5005",
            FailureClass.CONFIGURATION,
            "Check the Java executable and the class path of the worker."),
    TRAINING_DIVERGED(
            "TNR-5006",
            FailureClass.DIVERGED,
            "Lower the learning rate or lengthen the warm-up, and submit the changed plan."),
    COLLECTIVE_FAILED(
            "TNR-5007",
            FailureClass.RANK_CRASHED,
            "Check the network between the ranks; the run resumes by itself."),
    TRAINING_ROLLED_BACK(
            "TNR-5008",
            FailureClass.ANOMALY,
            "Nothing must be done: the run goes on from its last checkpoint without that batch."),
    TRAINING_NEEDS_PERSON(
            "TNR-5009",
            FailureClass.DIVERGED,
            "Look at the samples that are named; resume the run to go on without that batch, or"
                    + " submit a changed plan."),
    WORKER_FULL(
            "TNR-5010",
            FailureClass.PREEMPTED,
            "Nothing must be done: the gang goes to the next worker that has room."),
    RANK_MEMORY_LIMIT(
            "TNR-5011",
            FailureClass.OUT_OF_MEMORY,
            "Take the smaller settings that are named, or give the rank more memory."),
    DEVICE_MISSING(
            "TNR-5012",
            FailureClass.CONFIGURATION,
            "Build with the Maven profile gpu, see that the driver lists a device, or train on the CPU."),
    RANK_PROMISE_EXCEEDED(
            "TNR-5013",
            FailureClass.PREEMPTED,
            "Nothing must be done: the gang goes on when its worker can promise it more memory."),
    RUN_INTERRUPTED(
            "TNR-5014",
            FailureClass.PREEMPTED,
            "Retry the run yourself (./tanren run retry): its workflow was ended from outside, so nothing"
                    + " tries it again; its checkpoints are kept."),
    PAYLOAD_REFUSED(
            "TNR-5016",
            FailureClass.CONFIGURATION,
            "See that all workers and control planes have the same TANREN_TEMPORAL_KEYS, and who else"
                    + " is connected to Temporal; then retry the run (./tanren run retry)."),
    REPLICAS_DIFFER(
            "TNR-5017",
            FailureClass.RANK_CRASHED,
            "Nothing must be done at first: the run goes on from its last checkpoint. Where it comes"
                    + " again, test the memory of that worker."),
    GATE_FAILED(
            "TNR-5101",
            FailureClass.CONFIGURATION,
            "Read the evaluation; train further, or change the requirement."),
    RUNTIMES_DISAGREE(
            "TNR-5102",
            FailureClass.BUG,
            "Report it with the figures of both runtimes: the export is not to be trusted."),

    REQUEST_MALFORMED("TNR-6001", FailureClass.REQUEST, "Correct the request as the message says."),
    UNAUTHENTICATED("TNR-6002", FailureClass.REQUEST, "Send a valid API token."),
    FORBIDDEN("TNR-6003", FailureClass.REQUEST, "Use a token with the right that is named."),
    NOT_FOUND("TNR-6004", FailureClass.REQUEST, "Check the id; list what there is."),
    STATE_CONFLICT(
            "TNR-6005",
            FailureClass.REQUEST,
            "Look at the state again: it does not allow this action now."),
    IDEMPOTENCY_KEY_REUSED("TNR-6006", FailureClass.REQUEST, "Use a new key for a new request."),
    ORCHESTRATOR_UNREACHABLE(
            "TNR-6007", FailureClass.STORAGE, "Check Temporal and its address; try again."),
    TOO_MANY_REQUESTS(
            "TNR-6008", FailureClass.REQUEST, "Wait as long as the answer says, then try again."),
    IDEMPOTENCY_KEY_IN_FLIGHT(
            "TNR-6009",
            FailureClass.REQUEST,
            "Ask again with the same key when the answer's Retry-After is over."),

    PORT_TAKEN(
            "TNR-7001",
            FailureClass.CONFIGURATION,
            "Stop the process that holds the port, or choose another."),
    STACK_PART_FAILED(
            "TNR-7002", FailureClass.CONFIGURATION, "Read the log of the part that is named."),
    STACK_NOT_RUNNING("TNR-7003", FailureClass.CONFIGURATION, "Start it with ./tanren up."),
    TOOL_MISSING(
            "TNR-7004",
            FailureClass.CONFIGURATION,
            "Install the tool, or name its path as the message says."),
    USAGE("TNR-7005", FailureClass.CONFIGURATION, "See --help."),
    TOKEN_EXPOSED(
            "TNR-7006",
            FailureClass.CONFIGURATION,
            "Name the server by https, or reach it through a tunnel that ends on this machine."),
    WAIT_OVER(
            "TNR-7007",
            FailureClass.CONFIGURATION,
            "Nothing must be done: the run goes on; wait for longer, or come back to it."),
    ADDRESS_EXPOSED(
            "TNR-7008",
            FailureClass.CONFIGURATION,
            "Listen on the loopback address, or have requests encrypted up to the server."),
    AUDIT_BROKEN(
            "TNR-7009",
            FailureClass.CONFIGURATION,
            "Compare the audit with a backup, and find out who may write to the database."),

    INTERNAL("TNR-9001", FailureClass.BUG, "Report it with the log: this is a mistake in Tanren.");

    /// Errors of requests that pass by themselves.
    private static final Set<ErrorCode> PASSES =
            EnumSet.of(TOO_MANY_REQUESTS, IDEMPOTENCY_KEY_IN_FLIGHT);

    /// Errors that stay, of classes that pass: what was found will be found again.
    private static final Set<ErrorCode> LASTS =
            EnumSet.of(OBJECT_MISSING, OBJECT_CORRUPT, OBJECT_EXISTS, CHECKPOINT_STALE_ATTEMPT);

    private final String code;
    private final FailureClass failureClass;
    private final String mend;

    ErrorCode(String code, FailureClass failureClass, String mend) {
        this.code = code;
        this.failureClass = failureClass;
        this.mend = mend;
    }

    /// The stable code, such as `TNR-1002`.
    public String code() {
        return code;
    }

    public FailureClass failureClass() {
        return failureClass;
    }

    /// Whether the same request, unchanged, may succeed later, where whoever throws the error does
    /// not know better. Whether a stage is tried again is another question, which the class
    /// answers: its next attempt need not meet the same object.
    public boolean retryable() {
        return PASSES.contains(this) || (failureClass.retryable() && !LASTS.contains(this));
    }

    /// What usually helps, in one line; a thrown error says it more exactly.
    public String mend() {
        return mend;
    }
}
