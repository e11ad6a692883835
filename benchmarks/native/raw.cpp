// The bounds that Cairn is measured against: plain reads and writes, nothing
// else.
//
//   raw write PROCESSES FILES BYTES      pwrite in 8 MiB pieces
//   raw durable PROCESSES BYTES PATH
//                                        the fastest way onto the disk, found
//                                        by trying, in PATH.0 …
//   raw read PROCESSES FILE PIECES       pread of what PIECES lists into warm
//                                        private memory
//   raw convert PROCESSES FOLDER DIVISOR read what is in the files, write one
//                                        byte of each DIVISOR
//
// Stays alive: says ready, then for each line on standard input, a path to
// write to (any word where nothing is written), does the work once and prints
// the seconds that it took. Lines that begin with "note" say how it is done.
#include <functional>
#include <iostream>
#include <memory>

#include "convert.h"
#include "disk.h"

namespace {

using Work = std::function<double(const std::string&)>;

Work Writing(const std::vector<std::string>& args) {
  auto writers =
      std::make_shared<Writers>(std::stoi(args[1]), std::stoll(args[3]));
  Way way{std::stoi(args[2]), false, false, false, kPiece, 1};
  return [=](const std::string& path) { return writers->Write(path, way); };
}

Work WritingDurably(const std::vector<std::string>& args) {
  auto writers =
      std::make_shared<Writers>(std::stoi(args[1]), std::stoll(args[2]));
  Way way = BestDurable(*writers, args[3]);
  std::cout << "note " << Describe(way) << std::endl;
  return [=](const std::string& path) { return writers->Write(path, way); };
}

Work Reading(const std::vector<std::string>& args) {
  auto readers =
      std::make_shared<Readers>(std::stoi(args[1]), args[2], args[3]);
  return [=](const std::string&) { return readers->Read(); };
}

Work Converting(const std::vector<std::string>& args) {
  auto conversion = std::make_shared<Conversion>(std::stoi(args[1]), args[2],
                                                 std::stoi(args[3]));
  std::cout << "note reads " << conversion->ReadBytes() << " bytes"
            << std::endl;
  return [=](const std::string& path) { return conversion->Run(path); };
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> args(arguments + 1, arguments + count);
  Work work;
  if (args.size() == 4 && args[0] == "write") {
    work = Writing(args);
  } else if (args.size() == 4 && args[0] == "durable") {
    work = WritingDurably(args);
  } else if (args.size() == 4 && args[0] == "read") {
    work = Reading(args);
  } else if (args.size() == 4 && args[0] == "convert") {
    work = Converting(args);
  } else {
    std::cerr << "raw: expected write, durable, read or convert and its "
                 "arguments: see raw.cpp\n";
    return 2;
  }
  std::cout << "ready" << std::endl;
  for (std::string path; std::getline(std::cin, path);) {
    std::cout << "seconds " << work(path) << std::endl;
  }
}
