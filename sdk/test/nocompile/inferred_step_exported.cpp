// What an importer inferred is no process step of a record.
#include "tongqu/model/case_history.hpp"

void use(const tongqu::model::ObservedStep& observed, const tongqu::model::InferredStep& inferred, tongqu::model::Case& body) {
  body.process_steps.emplace();
  body.process_steps->push_back(tongqu::model::process_step(observed));
#ifdef TONGQU_FORBIDDEN
  body.process_steps->push_back(tongqu::model::process_step(inferred)); // expect: deleted function
#endif
  static_cast<void>(inferred);
}
