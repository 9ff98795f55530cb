// Zip archives: records lie within the archive, and data.pkl is one of them.
#include "fuzz.hpp"
#include "zip_records.hpp"

using namespace wsi_lpd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view archive(reinterpret_cast<const char*>(bytes), size);
  fuzz::accepts([&] {
    const model::weights::ZipRecords records(archive);
    fuzz::check(records.has(records.folder() + "data.pkl"), "no data.pkl in the common folder");
    for (const std::string name : {"data.pkl", "byteorder", "version", "data/0", "data/1"}) {
      fuzz::accepts([&] {
        const std::string_view record = records.read(records.folder() + name);
        fuzz::check(record.data() >= archive.data() && record.data() + record.size() <= archive.data() + archive.size(),
                    "a record outside of the archive");
      });
    }
  });
  return 0;
}
