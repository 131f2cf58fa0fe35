#include "models/classical.h"

#include <catch2/catch.hpp>

using cairn::models::ClassicalKernel;
using cairn::models::ClassicalMethod;
using cairn::models::ClassicalWork;
using cairn::models::model_elements;
using cairn::models::result_elements;
using cairn::models::work_of;

TEST_CASE("a linear support vector machine is a product for each class") {
  const ClassicalKernel k{
      .method = ClassicalMethod::support_vectors, .samples = 3, .features = 8, .classes = 4};
  const ClassicalWork work = work_of(k);
  CHECK(work.shared.multiply_adds == 3 * 4 * 8);
  CHECK(work.shared.additions == 3 * 4);  // biases
  CHECK(work.shared.reads == 3 * 4 * 16);
  CHECK(work.shared.exponentials == 0);
  CHECK(work.alone.compares == 3 * 4);
  CHECK(model_elements(k) == 4 * 9);
  CHECK(result_elements(k) == 3);
}

TEST_CASE("Gaussian kernels take an exponential for each support vector") {
  const ClassicalKernel k{.method = ClassicalMethod::support_vectors,
                          .samples = 2,
                          .features = 8,
                          .classes = 4,
                          .references = 10};
  const ClassicalWork work = work_of(k);
  CHECK(work.shared.exponentials == 2 * 10);
  CHECK(work.shared.multiply_adds == 2 * (10 * 8 + 4 * 10));
  CHECK(model_elements(k) == 10 * 8 + 10 * 4);
}

TEST_CASE("k-means measures every distance in every iteration and divides once a coordinate") {
  const ClassicalKernel k{.method = ClassicalMethod::k_means,
                          .samples = 100,
                          .features = 5,
                          .classes = 3,
                          .iterations = 7};
  const ClassicalWork work = work_of(k);
  CHECK(work.shared.multiply_adds == 7 * 100 * 3 * 5);
  CHECK(work.shared.additions == 7 * 100 * (3 * 5 + 5));  // differences, sums of members
  CHECK(work.alone.divisions == 7 * 3 * 5);
  CHECK(work.merging.additions == 7 * 3 * 5);
  CHECK(work.sections == 7);
  CHECK(result_elements(k) == 100 + 15);
}

TEST_CASE("nearest neighbours measure every distance and keep a short list") {
  const ClassicalKernel k{.method = ClassicalMethod::nearest_neighbours,
                          .samples = 2,
                          .features = 4,
                          .classes = 3,
                          .references = 8,
                          .neighbours = 8};
  const ClassicalWork work = work_of(k);
  CHECK(work.shared.multiply_adds == 2 * 8 * 4);
  // All 8 references enter a list of 8, each moves half of it.
  CHECK(work.shared.compares == 2 * (8 + 8 * 4));
  CHECK(model_elements(k) == 8 * 5);
}

TEST_CASE("a forest walks every tree to a leaf") {
  const ClassicalKernel k{.method = ClassicalMethod::random_forest,
                          .samples = 5,
                          .features = 9,
                          .classes = 2,
                          .trees = 10,
                          .depth = 3};
  const ClassicalWork work = work_of(k);
  CHECK(work.shared.compares == 5 * 10 * 3);
  CHECK(work.shared.branches == 5 * 10 * 3);
  CHECK(work.shared.multiply_adds == 0);
  CHECK(work.chunks == 50);
  CHECK(model_elements(k) == 10 * (4 * 7 + 8));
}

TEST_CASE("naive Bayes adds one Gaussian for each feature and class") {
  const ClassicalKernel k{
      .method = ClassicalMethod::naive_bayes, .samples = 4, .features = 6, .classes = 3};
  const ClassicalWork work = work_of(k);
  CHECK(work.shared.multiply_adds == 4 * 3 * 6);
  CHECK(work.shared.additions == 4 * 3 * (2 * 6 + 1));
  CHECK(model_elements(k) == 3 * 13);
}

TEST_CASE("principal components are a covariance and some power iterations") {
  const ClassicalKernel k{.method = ClassicalMethod::principal_components,
                          .samples = 10,
                          .features = 4,
                          .classes = 2,
                          .iterations = 5};
  const ClassicalWork work = work_of(k);
  // Covariance 10 x 10 pairs, iterations 2 x 5 x 16, deflation 2 x 16, projection 2 x 10 x 4.
  CHECK(work.shared.multiply_adds == 100 + 160 + 32 + 80);
  CHECK(work.alone.square_roots == 10);
  CHECK(work.alone.divisions == 40);
  CHECK(result_elements(k) == 20);
}
