#pragma once
#include <array>

namespace wsi_lpd::core {

// Every function here is thread-safe.

using Vector3 = std::array<double, 3>;
using Matrix3 = std::array<Vector3, 3>;  ///< rows

Vector3 operator*(const Matrix3& matrix, const Vector3& vector);
Matrix3 operator*(const Matrix3& a, const Matrix3& b);
/// The inverse; its values are not finite where the matrix is singular.
Matrix3 inverse(const Matrix3& matrix);

/// Optical density −ln((v + 1) / 256) of each byte v: 0 for white, finite for black.
const std::array<float, 256>& optical_densities();

/// lαβ of Ruderman et al. 1998 as Reinhard et al. 2001 use it: lαβ = kLabFromLog · log10(kLmsFromRgb · RGB), RGB as (byte + 1) / 256.
extern const Matrix3 kLmsFromRgb;
extern const Matrix3 kLabFromLog;

}  // namespace wsi_lpd::core
