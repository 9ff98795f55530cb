#include "wsi_lpd/core/colour_space.hpp"

#include <cmath>
#include <numbers>

namespace wsi_lpd::core {

const Matrix3 kLmsFromRgb{{{0.3811, 0.5783, 0.0402}, {0.1967, 0.7244, 0.0782}, {0.0241, 0.1288, 0.8444}}};

const Matrix3 kLabFromLog = [] {
  const double third = 1 / std::sqrt(3.0), sixth = 1 / std::sqrt(6.0), half = 1 / std::numbers::sqrt2;
  return Matrix3{{{third, third, third}, {sixth, sixth, -2 * sixth}, {half, -half, 0}}};
}();

Vector3 operator*(const Matrix3& matrix, const Vector3& vector) {
  Vector3 result{};
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) result[r] += matrix[r][c] * vector[c];
  return result;
}

Matrix3 operator*(const Matrix3& a, const Matrix3& b) {
  Matrix3 result{};
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t i = 0; i < 3; ++i) result[r][c] += a[r][i] * b[i][c];
  return result;
}

Matrix3 inverse(const Matrix3& matrix) {
  const auto cofactor = [&](std::size_t r, std::size_t c) {
    const std::size_t r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3, c2 = (c + 2) % 3;
    return matrix[r1][c1] * matrix[r2][c2] - matrix[r1][c2] * matrix[r2][c1];
  };
  const double determinant = matrix[0][0] * cofactor(0, 0) + matrix[0][1] * cofactor(0, 1) + matrix[0][2] * cofactor(0, 2);
  Matrix3 result{};
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) result[c][r] = cofactor(r, c) / determinant;
  return result;
}

const std::array<float, 256>& optical_densities() {
  static const std::array<float, 256> kDensities = [] {
    std::array<float, 256> densities{};
    for (std::size_t value = 0; value < 256; ++value) densities[value] = -std::log(static_cast<float>(value + 1) / 256);
    return densities;
  }();
  return kDensities;
}

}  // namespace wsi_lpd::core
