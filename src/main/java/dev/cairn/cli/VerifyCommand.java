package dev.cairn.cli;
@picocli.CommandLine.Command(name="verify") final class VerifyCommand {}
