/// `./tanren chaos`: the faults that Tanren promises to survive, as experiments on a stack that is
/// made for them. Each injects one fault, asserts what must hold after it, and notes what a person
/// on call was told meanwhile.
package dev.tanren.deploy.chaos;
