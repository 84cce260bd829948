package dev.tanren.inference;

import ai.djl.engine.Engine;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import dev.tanren.launch.DjlSettings;

/// Unpacks DJL's native libraries below `TANREN_NATIVES` once, so that processes which start at the
/// same time later find them in place. Prints the engine's name and version.
public final class NativesMain {

    private NativesMain() {}

    public static void main(String[] arguments) {
        DjlSettings.apply();
        Engine engine = Engine.getEngine(LanguageModel.ENGINE);
        LibUtils.checkStatus();
        System.out.println(engine.getEngineName() + " " + engine.getVersion());
    }
}
