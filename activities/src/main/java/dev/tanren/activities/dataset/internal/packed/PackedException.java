package dev.tanren.activities.dataset.internal.packed;

import java.io.IOException;

/// A packed file is damaged, or of a kind that is not read.
public final class PackedException extends IOException {

    private static final long serialVersionUID = 1L;

    private final String mend;

    /// @param what what was found, naming the member or frame
    PackedException(String what, String mend) {
        super(what);
        this.mend = mend;
    }

    static PackedException damaged(String what) {
        return new PackedException(
                what, "Fetch or pack the file again; nothing of a damaged file is taken.");
    }

    public String mend() {
        return mend;
    }
}
