#include "models/classical.h"

#include <cmath>

namespace cairn::models {
namespace {

double real(std::int64_t n) {
  return static_cast<double>(n);
}

/// Index of the largest (or smallest) of \p n numbers.
OperationCounts extreme_of(double n) {
  return {.compares = n, .reads = n, .branches = n};
}

/// Squared distance of two vectors: a difference, then its square onto the sum.
OperationCounts distance(double features) {
  return {.multiply_adds = features, .additions = features, .reads = 2 * features};
}

OperationCounts product(double features) {
  return {.multiply_adds = features, .reads = 2 * features};
}

ClassicalWork support_vectors(const ClassicalKernel& k) {
  ClassicalWork work;
  OperationCounts sample;
  if (k.references == 0) {
    sample = product(real(k.features)).times(real(k.classes));
    sample.additions += real(k.classes);  // biases
  } else {
    // Each kernel value once, then its weight in every class.
    sample = distance(real(k.features)).times(real(k.references));
    sample.additions += real(k.references);  // scaled by the width
    sample.exponentials += real(k.references);
    sample += product(real(k.references)).times(real(k.classes));
  }
  work.shared = sample.times(real(k.samples));
  work.alone = extreme_of(real(k.classes)).times(real(k.samples));
  // One sample at a time is divided among the cores by classes or support vectors.
  work.chunks = k.references == 0 ? k.classes * k.samples : k.references * k.samples;
  work.sections = k.samples;
  work.merging = OperationCounts{.additions = real(k.classes), .reads = real(k.classes)}.times(
      k.references == 0 ? 0.0 : real(k.samples));
  return work;
}

ClassicalWork k_means(const ClassicalKernel& k) {
  const double clusters = real(k.classes);
  const double features = real(k.features);
  OperationCounts sample = distance(features).times(clusters);
  sample += extreme_of(clusters);
  sample += {.additions = features, .reads = 2 * features, .writes = features + 1};
  ClassicalWork work;
  work.shared = sample.times(real(k.samples * k.iterations));
  // Sums of every core meet, then one division for each coordinate of a centre.
  work.merging = OperationCounts{.additions = clusters * features,
                                 .reads = 2 * clusters * features,
                                 .writes = clusters * features}
                     .times(real(k.iterations));
  work.alone = OperationCounts{.divisions = clusters * features,
                               .reads = clusters * features,
                               .writes = clusters * features}
                   .times(real(k.iterations));
  work.chunks = k.samples * k.iterations;
  work.sections = k.iterations;
  return work;
}

ClassicalWork nearest_neighbours(const ClassicalKernel& k) {
  const double references = real(k.references);
  const double kept = real(k.neighbours);
  // A reference enters the sorted list of k with probability k / i: k (1 + ln(n / k)) times in all,
  // and moves half of the list each time.
  const double entries = kept * (1 + std::log(std::max(1.0, references / kept)));
  OperationCounts search = distance(real(k.features)).times(references);
  search += {.compares = references + entries * kept / 2,
             .reads = entries * kept / 2,
             .writes = entries * kept / 2 + entries,
             .branches = references};
  ClassicalWork work;
  work.shared = search.times(real(k.samples));
  // Lists of the cores are merged, then the neighbours vote.
  work.merging =
      OperationCounts{.compares = kept, .reads = kept, .writes = kept, .branches = kept}.times(
          real(k.samples));
  work.alone = extreme_of(real(k.classes)).times(real(k.samples));
  work.alone += OperationCounts{.reads = kept, .writes = kept}.times(real(k.samples));
  work.chunks = k.references * k.samples;
  work.sections = k.samples;
  return work;
}

ClassicalWork random_forest(const ClassicalKernel& k) {
  // A node is a feature's index, a threshold and two children.
  const OperationCounts decision{.compares = 1, .reads = 4, .branches = 1};
  ClassicalWork work;
  work.shared = decision.times(real(k.samples * k.trees * k.depth));
  work.shared +=
      OperationCounts{.additions = 1, .reads = 1, .writes = 1}.times(real(k.samples * k.trees));
  work.alone = extreme_of(real(k.classes)).times(real(k.samples));
  work.merging = OperationCounts{.additions = real(k.classes), .reads = real(k.classes)}.times(
      real(k.samples));
  work.chunks = k.trees * k.samples;
  work.sections = k.samples;
  return work;
}

ClassicalWork naive_bayes(const ClassicalKernel& k) {
  // (x - mean)^2 x precision, summed; the logarithm of the prior and the determinant is stored.
  const OperationCounts term{.multiply_adds = 1, .additions = 2, .reads = 3};
  ClassicalWork work;
  work.shared = term.times(real(k.samples * k.classes * k.features));
  work.shared +=
      OperationCounts{.additions = 1, .reads = 1, .writes = 1}.times(real(k.samples * k.classes));
  work.alone = extreme_of(real(k.classes)).times(real(k.samples));
  work.chunks = k.classes * k.features * k.samples;
  work.sections = k.samples;
  work.merging = OperationCounts{.additions = real(k.classes), .reads = real(k.classes)}.times(
      real(k.samples));
  return work;
}

ClassicalWork principal_components(const ClassicalKernel& k) {
  const double samples = real(k.samples);
  const double features = real(k.features);
  const double pairs = features * (features + 1) / 2;
  const double steps = real(k.classes * k.iterations);
  ClassicalWork work;
  // Means, centred samples, covariance.
  work.shared += {.additions = 2 * samples * features,
                  .reads = 2 * samples * features,
                  .writes = samples * features};
  work.shared += product(samples).times(pairs);
  work.shared.writes += pairs;
  // Power iteration: a matrix by a vector, then its length.
  work.shared += product(features).times(features * steps);
  work.shared.writes += features * steps;
  work.alone += OperationCounts{.multiply_adds = features,
                                .divisions = features,
                                .square_roots = 1,
                                .reads = 2 * features,
                                .writes = features}
                    .times(steps);
  // Deflation of each component found, projection of the samples.
  work.shared += OperationCounts{.multiply_adds = features * features,
                                 .reads = 2 * features * features,
                                 .writes = features * features}
                     .times(real(k.classes));
  work.shared += product(features).times(samples * real(k.classes));
  work.shared.writes += samples * real(k.classes);
  work.sections = 4 + k.classes * (k.iterations + 1);
  work.chunks = k.features * work.sections;
  return work;
}

}  // namespace

OperationCounts& OperationCounts::operator+=(const OperationCounts& o) {
  multiply_adds += o.multiply_adds;
  additions += o.additions;
  compares += o.compares;
  exponentials += o.exponentials;
  divisions += o.divisions;
  square_roots += o.square_roots;
  reads += o.reads;
  writes += o.writes;
  branches += o.branches;
  return *this;
}

OperationCounts OperationCounts::times(double n) const {
  return {multiply_adds * n, additions * n, compares * n, exponentials * n, divisions * n,
          square_roots * n,  reads * n,     writes * n,   branches * n};
}

ClassicalWork work_of(const ClassicalKernel& kernel) {
  switch (kernel.method) {
    case ClassicalMethod::support_vectors:
      return support_vectors(kernel);
    case ClassicalMethod::k_means:
      return k_means(kernel);
    case ClassicalMethod::nearest_neighbours:
      return nearest_neighbours(kernel);
    case ClassicalMethod::random_forest:
      return random_forest(kernel);
    case ClassicalMethod::naive_bayes:
      return naive_bayes(kernel);
    case ClassicalMethod::principal_components:
      break;
  }
  return principal_components(kernel);
}

std::int64_t model_elements(const ClassicalKernel& k) {
  switch (k.method) {
    case ClassicalMethod::support_vectors:
      return k.references == 0 ? k.classes * (k.features + 1)
                               : k.references * (k.features + k.classes);
    case ClassicalMethod::nearest_neighbours:
      return k.references * (k.features + 1);
    case ClassicalMethod::random_forest:
      // Nodes of complete trees: decisions of four numbers, leaves of one.
      return k.trees * (4 * ((std::int64_t{1} << k.depth) - 1) + (std::int64_t{1} << k.depth));
    case ClassicalMethod::naive_bayes:
      return k.classes * (2 * k.features + 1);
    case ClassicalMethod::k_means:
    case ClassicalMethod::principal_components:
      return 0;
  }
  return 0;
}

std::int64_t result_elements(const ClassicalKernel& k) {
  switch (k.method) {
    case ClassicalMethod::k_means:
      return k.samples + k.classes * k.features;
    case ClassicalMethod::principal_components:
      return k.samples * k.classes;
    default:
      return k.samples;
  }
}

}  // namespace cairn::models
