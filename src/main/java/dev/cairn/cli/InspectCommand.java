package dev.cairn.cli;
@picocli.CommandLine.Command(name="inspect") final class InspectCommand {}
