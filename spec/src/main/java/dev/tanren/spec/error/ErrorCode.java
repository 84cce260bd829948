package dev.tanren.spec.error;

/// Every error that Tanren reports, by the stable code that people search for and scripts match on.
///
/// A code is never reused for another meaning. `docs/errors.md` lists them with their mends.
public enum ErrorCode {
    PLAN_SYNTAX("TNR-1001", FailureClass.CONFIGURATION),
    PLAN_UNKNOWN_KEY("TNR-1002", FailureClass.CONFIGURATION),
    PLAN_MISSING_KEY("TNR-1003", FailureClass.CONFIGURATION),
    PLAN_WRONG_TYPE("TNR-1004", FailureClass.CONFIGURATION),
    PLAN_VALUE("TNR-1005", FailureClass.CONFIGURATION),
    PLAN_REFERENCE("TNR-1006", FailureClass.CONFIGURATION),
    PLAN_DUPLICATE("TNR-1007", FailureClass.CONFIGURATION),
    PLAN_NOT_YET_SUPPORTED("TNR-1008", FailureClass.CONFIGURATION),
    PLAN_INVALID("TNR-1009", FailureClass.CONFIGURATION),
    PLAN_INCONSISTENT("TNR-1010", FailureClass.CONFIGURATION),
    PLAN_ADVICE("TNR-1011", FailureClass.CONFIGURATION),

    SOURCE_MISSING("TNR-2001", FailureClass.DATA),
    SOURCE_UNREADABLE("TNR-2002", FailureClass.DATA),
    SOURCE_EMPTY("TNR-2003", FailureClass.DATA),
    TOKENIZER_UNREADABLE("TNR-2004", FailureClass.DATA),
    TOKENIZER_MISMATCH("TNR-2005", FailureClass.DATA),
    TOKEN_SHARD_CORRUPT("TNR-2006", FailureClass.DATA),
    DATASET_TOO_SMALL("TNR-2007", FailureClass.DATA),

    MODEL_MISSING("TNR-3001", FailureClass.DATA),
    MODEL_UNSUPPORTED("TNR-3002", FailureClass.CONFIGURATION),
    MODEL_TENSOR_MISMATCH("TNR-3003", FailureClass.DATA),
    SAFETENSORS_CORRUPT("TNR-3004", FailureClass.DATA),
    PICKLE_REFUSED("TNR-3005", FailureClass.DATA),
    MODEL_CONFIGURATION("TNR-3006", FailureClass.DATA),

    STORE_UNREACHABLE("TNR-4001", FailureClass.STORAGE),
    STORE_REFUSED("TNR-4002", FailureClass.CONFIGURATION),
    STORE_FULL("TNR-4003", FailureClass.STORAGE),
    OBJECT_MISSING("TNR-4004", FailureClass.STORAGE),
    OBJECT_CORRUPT("TNR-4005", FailureClass.STORAGE),
    OBJECT_EXISTS("TNR-4006", FailureClass.STORAGE),
    STORE_DEADLINE("TNR-4007", FailureClass.STORAGE),
    DATABASE_UNREACHABLE("TNR-4101", FailureClass.STORAGE),
    DATABASE_FULL("TNR-4102", FailureClass.STORAGE),
    CHECKPOINT_STALE_ATTEMPT("TNR-4201", FailureClass.PREEMPTED),
    CHECKPOINT_NONE_VALID("TNR-4202", FailureClass.DATA),
    SCRATCH_FULL("TNR-4301", FailureClass.STORAGE),

    RANK_CRASHED("TNR-5001", FailureClass.RANK_CRASHED),
    RANK_PREEMPTED("TNR-5002", FailureClass.PREEMPTED),
    RANK_HUNG("TNR-5003", FailureClass.HUNG),
    RANK_OUT_OF_MEMORY("TNR-5004", FailureClass.OUT_OF_MEMORY),
    RANK_LAUNCH("TNR-5005", FailureClass.CONFIGURATION),
    TRAINING_DIVERGED("TNR-5006", FailureClass.DIVERGED),
    COLLECTIVE_FAILED("TNR-5007", FailureClass.RANK_CRASHED),
    GATE_FAILED("TNR-5101", FailureClass.CONFIGURATION),
    RUNTIMES_DISAGREE("TNR-5102", FailureClass.BUG),

    REQUEST_MALFORMED("TNR-6001", FailureClass.REQUEST),
    UNAUTHENTICATED("TNR-6002", FailureClass.REQUEST),
    FORBIDDEN("TNR-6003", FailureClass.REQUEST),
    NOT_FOUND("TNR-6004", FailureClass.REQUEST),
    STATE_CONFLICT("TNR-6005", FailureClass.REQUEST),
    IDEMPOTENCY_KEY_REUSED("TNR-6006", FailureClass.REQUEST),
    ORCHESTRATOR_UNREACHABLE("TNR-6007", FailureClass.STORAGE),
    TOO_MANY_REQUESTS("TNR-6008", FailureClass.REQUEST),

    PORT_TAKEN("TNR-7001", FailureClass.CONFIGURATION),
    STACK_PART_FAILED("TNR-7002", FailureClass.CONFIGURATION),
    STACK_NOT_RUNNING("TNR-7003", FailureClass.CONFIGURATION),
    TOOL_MISSING("TNR-7004", FailureClass.CONFIGURATION),
    USAGE("TNR-7005", FailureClass.CONFIGURATION),

    INTERNAL("TNR-9001", FailureClass.BUG);

    private final String code;
    private final FailureClass failureClass;

    ErrorCode(String code, FailureClass failureClass) {
        this.code = code;
        this.failureClass = failureClass;
    }

    /// The stable code, such as `TNR-1002`.
    public String code() {
        return code;
    }

    public FailureClass failureClass() {
        return failureClass;
    }
}
